/** A stack with a machine that joins the mesh. */
import { readFileSync } from 'node:fs'
import { Stack, type StackProps } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import type { Construct } from 'constructs'
import { formatDiagnostic, generate } from 'meshjoin'

export class MeshStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props)
    const machine = new ec2.Instance(this, 'legacy-app', {
      vpc: new ec2.Vpc(this, 'network', { maxAzs: 1 }),
      instanceType: new ec2.InstanceType('t3.small'),
      machineImage: ec2.MachineImage.genericLinux({ 'eu-central-1': 'ami-0123456789abcdef0' }),
    })
    // UserData.custom() takes text, and for EC2 user-data is gzip: it goes to CloudFormation's own resource, as base64.
    machine.instance.userData = makeUserData('legacy-app')
  }
}

/** What the document says must be known at synthesis: a token is no address, and is refused as one that is wrong. */
function makeUserData(machine: string): string {
  const text = readFileSync('mesh.yaml', 'utf8')
  const made = generate(text, { targets: ['cloud-init'], machines: [machine] })
  if (!made.ok) throw new Error(made.diagnostics.map((one) => formatDiagnostic(one)).join('\n'))
  const userData = made.value.find(({ path }) => path.endsWith('/user-data'))
  return Buffer.from(userData?.content ?? '').toString('base64')
}

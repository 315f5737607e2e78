/**
 * A machine on EC2 whose address in the mesh is known only when its network interface is there. What needs the address runs
 * within apply, on plain values; a finding about the document is an exception there, and Pulumi shows it.
 */
import { readFileSync } from 'node:fs'
import * as aws from '@pulumi/aws'
import * as pulumi from '@pulumi/pulumi'
import { formatDiagnostic, generate, type MeshjoinDocument, parse } from 'meshjoin'

const config = new pulumi.Config()
const mesh = parse(readFileSync('mesh.yaml', 'utf8')).value as MeshjoinDocument

/** User-data of the first machine of the document with another address: gzip, since the document says platform: ec2. */
function makeUserData(address: string): string {
  const machines = mesh.machines.slice(0, 1).map((machine) => ({ ...machine, addresses: [address] }))
  const made = generate({ ...mesh, machines }, { targets: ['cloud-init'] })
  if (!made.ok) throw new Error(made.diagnostics.map((one) => formatDiagnostic(one)).join('\n'))
  const userData = made.value.find(({ path }) => path.endsWith('/user-data'))
  return Buffer.from(userData?.content ?? '').toString('base64')
}

const network = new aws.ec2.NetworkInterface('legacy-app', { subnetId: config.require('subnet') })

export const instance = new aws.ec2.Instance('legacy-app', {
  ami: config.require('ami'),
  instanceType: 't3.small',
  primaryNetworkInterface: { networkInterfaceId: network.id },
  userDataBase64: network.privateIp.apply(makeUserData),
  userDataReplaceOnChange: true, // cloud-init runs once per instance
})

import type { Attestor } from './attestor.ts'
import { nodeOfAll } from './node.ts'

/** The instance identity document of EC2. */
export const awsIid: Attestor = {
  options: { ec2MetadataEndpoint: { key: 'ec2_metadata_endpoint' } },
  machineOptions: ['accountId', 'region', 'instanceId'],
  nodeOf: ({ given }) =>
    nodeOfAll(given, ['accountId', 'region', 'instanceId'], ([account, region, instance]) => ({
      by: 'selectors',
      selectors: [
        `aws_iid:account_id:${account}`,
        `aws_iid:instance:id:${instance}`,
        `aws_iid:region:${region}`,
      ],
    })),
  server: { options: {} },
  canReattest: false,
  asks: ({ ec2MetadataEndpoint }) => ec2MetadataEndpoint ?? 'http://169.254.169.254',
  steps: { template: 'readme/attestors/aws_iid.md.hbs', data: () => ({}) },
}

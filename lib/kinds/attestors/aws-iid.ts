import type { Attestor } from './attestor.ts'

/** The instance identity document of EC2. */
export const awsIid: Attestor = {
  options: { ec2MetadataEndpoint: { key: 'ec2_metadata_endpoint' } },
  machineOptions: ['accountId', 'region', 'instanceId'],
  canReattest: false,
  available: false,
}

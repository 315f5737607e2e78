import { type CloudConfig, mergeHow, printCloudConfig } from './target.ts'

/**
 * One part of a machine's user-data, in the words of Pulumi's `@pulumi/cloudinit`. Terraform's `cloudinit_config` and the other
 * providers that are written in HCL call the same four `content`, `content_type`, `filename` and `merge_type`.
 */
export interface CloudInitPart {
  /** A whole `#cloud-config`, as text. */
  readonly content: string
  readonly contentType: 'text/cloud-config'
  /** A name for people: cloud-init shows it in its log. */
  readonly filename: string
  /** How cloud-init puts this part's lists to those of the parts before it: behind them, where its default would drop them. */
  readonly mergeType: string
}

/** The parts of a message that hold a cloud-config: one. A list, and one that may be changed, because such is what Pulumi takes. */
export function createParts(config: CloudConfig): CloudInitPart[] {
  return [
    {
      content: printCloudConfig(config),
      contentType: 'text/cloud-config',
      filename: 'meshjoin.yaml',
      mergeType: mergeHow,
    },
  ]
}

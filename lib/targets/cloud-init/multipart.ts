/**
 * Wraps a cloud-config as the only part of a MIME message, for pipelines that add parts of their own. The boundary is
 * fixed, so that output is deterministic, and counted up in the unlikely case that the text contains it.
 */
export function wrapMultipart(cloudConfig: string): string {
  let boundary = 'meshjoin-boundary'
  for (let count = 1; cloudConfig.includes(`--${boundary}`); count++) boundary = `meshjoin-boundary-${count}`
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    'MIME-Version: 1.0',
    '',
    `--${boundary}`,
    'Content-Type: text/cloud-config; charset="us-ascii"',
    'MIME-Version: 1.0',
    'Content-Transfer-Encoding: 7bit',
    'Content-Disposition: attachment; filename="meshjoin.yaml"',
    '',
    cloudConfig,
    `--${boundary}--`,
    '',
  ].join('\n')
}

import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cloudConfig, cloudInitParts, printCloudConfig } from '../../../../lib/index.ts'
import { platforms } from '../../../../lib/targets/cloud-init/platform.ts'
import { firstPlan, minimalWith } from '../../plan/document.ts'
import { userData } from '../output.ts'

const test = suite('parts of user-data')
const machine = firstPlan(minimalWith())

test('the one part is the whole cloud-config, in the words of Pulumi and Terraform', () => {
  const config = cloudConfig(machine)
  assert.equal(cloudInitParts(machine), [
    {
      content: printCloudConfig(config),
      contentType: 'text/cloud-config',
      filename: 'meshjoin.yaml',
      mergeType: config.merge_how,
    },
  ])
})

test('for a platform it has what generate has for it', () => {
  for (const name of Object.keys(platforms) as (keyof typeof platforms)[]) {
    const compress = platforms[name].gzip !== 'refused'
    const made = userData({ platform: name, compress })
    const bytes = typeof made === 'string' && compress ? Buffer.from(made, 'base64') : made
    const text = compress ? gunzipSync(bytes).toString() : made
    assert.is(cloudInitParts(machine, { platform: name })[0]?.content, text, name)
  }
})

test('the list is one that Pulumi takes: it may be changed', () => {
  const parts: { content: string; contentType?: string; filename?: string; mergeType?: string }[] =
    cloudInitParts(machine)
  parts.unshift({ content: '#cloud-config\npackages: [nginx]\n', contentType: 'text/cloud-config' })
  assert.is(cloudInitParts(machine).length, 1)
})

test.run()

/** Runs the program on mocks: Pulumi's own way to test without a cloud. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import * as pulumi from '@pulumi/pulumi'

const address = '10.20.30.40'

test('the instance gets user-data with the address that its interface got', async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: { ...inputs, privateIp: address } }),
    call: ({ inputs }) => inputs,
  })
  pulumi.runtime.setAllConfig({ 'project:subnet': 'subnet-1', 'project:ami': 'ami-1' })
  const { instance } = await import('./index.js')
  const text = await new Promise<string | undefined>((resolve) => {
    instance.userDataBase64.apply(resolve)
  })
  const bytes = Buffer.from(text ?? '', 'base64')
  assert.ok(bytes.length > 1000 && bytes.length <= 16_384, `${bytes.length} bytes`)
  const userData = gunzipSync(bytes).toString()
  assert.ok(userData.startsWith('#cloud-config\n'))
  assert.ok(userData.includes(address))
})

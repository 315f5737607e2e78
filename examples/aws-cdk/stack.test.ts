/** Synthesises the stack, and reads the user-data out of its template. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { MeshStack } from './stack'

test('the template has the user-data, once in base64, and small enough', () => {
  const app = new App()
  const stack = new MeshStack(app, 'mesh', { env: { region: 'eu-central-1' } })
  const [instance] = Object.values(Template.fromStack(stack).findResources('AWS::EC2::Instance'))
  const bytes = Buffer.from(instance?.Properties.UserData, 'base64')
  assert.ok(bytes.length > 1000 && bytes.length <= 16_384, `${bytes.length} bytes`)
  assert.ok(gunzipSync(bytes).toString().startsWith('#cloud-config\n'))
})

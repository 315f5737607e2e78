import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { printMachineData } from '../../../lib/files/mesh-machine-data.ts'
import { readAssignments } from '../../property/readers.ts'
import { firstPlan, minimalWith } from '../plan/document.ts'

const test = suite('data of mesh-machine')

test('the data of the command on the machine, for a download and for what is there already', () => {
  const download = readAssignments(printMachineData(firstPlan(minimalWith()).mesh))
  assert.is(download.get('PROXY_FROM'), 'download')
  assert.is(download.get('PROXY_MEMBER_AMD64'), 'linkerd2-proxy-v2.368.0-linux-amd64/linkerd2-proxy')
  for (const absent of ['PROXY_PATH', 'PROXY_CA_FILE', 'PROXY_URL_ARM64', 'PROXY_SHA256_ARM64'])
    assert.not(download.has(absent), absent)
  assert.is(download.get('AGENT_FROM'), 'managed')
  assert.is(download.get('AGENT_INSTALL'), 'download')
  assert.is(download.get('AGENT_SERVER'), 'spire.example.internal:8081')
  assert.is(download.get('IDENTITY_PROOF'), 'svid')
  const there = readAssignments(
    printMachineData(
      firstPlan(
        minimalWith((document) => {
          document.proxy.install = { from: 'preinstalled', path: '/usr/lib/proxy' }
        }),
      ).mesh,
    ),
  )
  assert.is(there.get('PROXY_FROM'), 'preinstalled')
  assert.is(there.get('PROXY_PATH'), '/usr/lib/proxy')
  assert.not(there.has('PROXY_SHA256_AMD64'))
  assert.not([...there.values()].includes(''))
})

test('the login of a registry is a name and the place of a password', () => {
  const data = (login: object) =>
    readAssignments(
      printMachineData(
        firstPlan(
          minimalWith((document) => {
            document.proxy.install = {
              from: 'image',
              layer: { amd64: `sha256:${'ab'.repeat(32)}` },
              ...login,
            }
          }),
        ).mesh,
      ),
    )
  const anonymous = data({})
  assert.is(anonymous.get('PROXY_FROM'), 'image')
  assert.is(anonymous.get('PROXY_SHA256_AMD64'), 'ab'.repeat(32))
  assert.not(
    anonymous.has('PROXY_USERNAME') || anonymous.has('PROXY_PASSWORD_FILE') || anonymous.has('PROXY_PATH'),
  )
  const named = data({
    username: 'robot$a',
    passwordFile: '/etc/p',
    caFile: '/etc/c',
    httpProxy: 'http://p:3128',
  })
  assert.is(named.get('PROXY_USERNAME'), 'robot$a')
  assert.is(named.get('PROXY_PASSWORD_FILE'), '/etc/p')
  assert.is(named.get('PROXY_CA_FILE'), '/etc/c')
  assert.is(named.get('PROXY_HTTP_PROXY'), 'http://p:3128')
})

test.run()

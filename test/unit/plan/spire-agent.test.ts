import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { firstPlan, minimalWith } from './document.ts'

const test = suite('configuration of the SPIRE agent')

test('the agent’s configuration, whole', () => {
  assert.equal(firstPlan(minimalWith()).mesh.agent?.configuration, {
    agent: {
      data_dir: '/var/lib/spire-agent',
      log_level: 'WARN',
      server_address: 'spire.example.internal',
      server_port: 8081,
      socket_path: '/run/spire/agent/public/api.sock',
      trust_domain: 'root.linkerd.cluster.local',
      trust_bundle_path: '/etc/spire/bundle.pem',
      disable_sds_api: true,
      join_token_file: '/run/credentials/spire-agent.service/join-token',
    },
    plugins: {
      KeyManager: [{ disk: { plugin_data: { directory: '/var/lib/spire-agent' } } }],
      NodeAttestor: [{ join_token: { plugin_data: {} } }],
      WorkloadAttestor: [{ unix: { plugin_data: {} } }],
    },
  })
})

test('an agent that does not know a setting does not get it: unknown ones are fatal there', () => {
  const keys = (version: string) => {
    const configuration = firstPlan(
      minimalWith((document) => {
        document.spire.agent.version = version
      }),
    ).mesh.agent?.configuration as { agent: Record<string, unknown> }
    return Object.keys(configuration.agent)
  }
  assert.ok(keys('1.15.3').includes('disable_sds_api'))
  assert.not.ok(keys('1.15.2').includes('disable_sds_api'))
  assert.ok(keys('1.15.2').includes('join_token_file'))
})

test('the token reaches the agent as a credential, with something harmless where it is gone', () => {
  assert.equal(firstPlan(minimalWith()).mesh.agent?.credentials, [
    { id: 'join-token', source: '/etc/spire/join-token', fallback: 'no-join-token-on-this-machine' },
  ])
})

test.run()

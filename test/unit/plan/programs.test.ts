import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { firstPlan, minimalWith, planOf } from './document.ts'

const test = suite('programs')

const releases = 'https://github.com/linkerd/linkerd2-proxy/releases/download'

test('the platform is in the name of the proxy’s archive, and of its folder, since v2.287.0', () => {
  const download = (version: string) =>
    firstPlan(
      minimalWith((document) => {
        document.mesh.linkerdVersion = '2.18'
        document.proxy.version = version
      }),
    ).mesh.proxy.downloads.amd64
  assert.equal(download('v2.286.0'), {
    url: `${releases}/release%2Fv2.286.0/linkerd2-proxy-v2.286.0-amd64.tar.gz`,
    sha256: 'ed6cbe22a059c8c5f21767542e922c392772f757e6a2969fb5f0b091b44538a3',
    member: 'linkerd2-proxy-v2.286.0-amd64/linkerd2-proxy',
  })
  assert.equal(download('v2.287.0'), {
    url: `${releases}/release%2Fv2.287.0/linkerd2-proxy-v2.287.0-linux-amd64.tar.gz`,
    sha256: 'ed6cbe22a059c8c5f21767542e922c392772f757e6a2969fb5f0b091b44538a3',
    member: 'linkerd2-proxy-v2.287.0-linux-amd64/linkerd2-proxy',
  })
})

test('the SPIRE agent comes from the static build', () => {
  assert.equal(firstPlan(minimalWith()).mesh.agent?.program.downloads, {
    amd64: {
      url: 'https://github.com/spiffe/spire/releases/download/v1.15.3/spire-1.15.3-linux-amd64-musl.tar.gz',
      sha256: 'a19a95d52f8e85639c340023c558ae09e5251b037b2f82441e464bd13429c3f1',
      member: 'spire-1.15.3/bin/spire-agent',
    },
  })
})

test('one’s own address is filled in for each architecture that has a sum', () => {
  const { downloads } = firstPlan(
    minimalWith((document) => {
      document.proxy.install.url = 'https://m.example.com/{version}/{arch}/{version}-{arch}.tgz'
      document.proxy.install.sha256 = { amd64: 'a'.repeat(64), arm64: 'b'.repeat(64) }
    }),
  ).mesh.proxy
  assert.is(downloads.amd64?.url, 'https://m.example.com/v2.368.0/amd64/v2.368.0-amd64.tgz')
  assert.is(downloads.arm64?.url, 'https://m.example.com/v2.368.0/arm64/v2.368.0-arm64.tgz')
  assert.is(downloads.arm64?.sha256, 'b'.repeat(64))
})

test('a preinstalled program has nothing to download', () => {
  const { proxy } = firstPlan(
    minimalWith((document) => {
      document.proxy.install = { from: 'preinstalled', path: '/usr/bin/proxy' }
    }),
  ).mesh
  assert.equal(proxy.downloads, {})
})

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

test('machines with the same settings share one mesh layer; a group that changes it has its own', () => {
  const plans = planOf(
    minimalWith((document) => {
      const [machine] = document.machines
      if (machine === undefined) throw new Error('no machine')
      document.groups = {
        open: { redirect: { onProxyFailure: 'open' } },
        strict: { proxy: { defaultInboundPolicy: 'deny' } },
      }
      document.machines = [
        machine,
        { ...machine, name: 'a2', addresses: ['203.0.113.2'] },
        { ...machine, name: 'b1', addresses: ['203.0.113.3'], group: 'open' },
        { ...machine, name: 'b2', addresses: ['203.0.113.4'], group: 'open' },
        { ...machine, name: 'c', addresses: ['203.0.113.5'], group: 'strict' },
      ]
    }),
  )
  const layer = (name: string) => plans.find((plan) => plan.name === name)?.mesh
  assert.is(layer('legacy-app'), layer('a2'))
  assert.is(layer('b1'), layer('b2'))
  assert.is(new Set(plans.map(({ mesh }) => mesh)).size, 3)
  assert.is(layer('b1')?.redirect.onProxyFailure, 'open')
})

test('plans come sorted by the name of their machine’s folder', () => {
  const names = planOf(
    minimalWith((document) => {
      const [machine] = document.machines
      if (machine === undefined) throw new Error('no machine')
      document.machines = ['web-1', 'web', 'web0', 'a', 'web-10'].map((name, index) => ({
        ...machine,
        name,
        addresses: [`203.0.113.${index + 1}`],
      }))
    }),
  ).map(({ name }) => `${name}/`)
  assert.equal(names, [...names].sort())
  assert.equal(names, ['a/', 'web-1/', 'web-10/', 'web/', 'web0/'])
})

test.run()

import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { catalogue } from '../../lib/diagnostics/catalogue.ts'
import { type MeshjoinDocument, parse, resolve } from '../../lib/index.ts'
import { renderDiagnosticsReference } from '../../scripts/diagnostics-reference.ts'
import { readFailures, renderFailures } from '../../scripts/failures.ts'
import { readFindings, renderFindings } from '../../scripts/findings.ts'
import { renderInputReference } from '../../scripts/input-reference.ts'
import { lintSchema } from '../../scripts/schema-lint.ts'

const test = suite('generated pages and the schema')

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const schema: unknown = JSON.parse(read('schemas/meshjoin.v1.schema.json'))
const stale = 'stale: run node --import tsx scripts/docs.ts'

test('docs/diagnostics.md is what the catalogue says', () => {
  assert.is(read('docs/diagnostics.md'), renderDiagnosticsReference(), stale)
})

test('docs/input.md is what the schema says', () => {
  assert.is(read('docs/input.md'), renderInputReference(schema), stale)
})

test('docs/failures.md is what failures.yaml says', () => {
  assert.is(read('docs/failures.md'), renderFailures(readFailures('templates')), stale)
})

test('docs/doctor.md is what findings.yaml says', () => {
  assert.is(read('docs/doctor.md'), renderFindings(readFindings('templates')), stale)
})

test('the reference has one section and anchor for each code, and no sentence with a hole in it', () => {
  const page = renderDiagnosticsReference()
  for (const code of Object.keys(catalogue)) {
    assert.is(page.split(`<a id="${code}"></a>\n\n## ${code}\n`).length, 2, code)
    assert.is(page.split(`](#${code})`).length, 2, code)
  }
  assert.not.match(page, /undefined|\[object|NaN/)
})

test('the schema keeps the rules that the rest of the project builds on', () => {
  assert.equal(lintSchema(schema), [])
})

/** The default that the schema documents for a property of a definition. */
function documented(definition: string, property: string): unknown {
  const definitions = (schema as { definitions: Record<string, { properties: Record<string, object> }> })
    .definitions
  const node = definitions[definition]?.properties[property]
  return node !== undefined && 'default' in node ? node.default : undefined
}

test('every default that the schema documents is the one that is applied', () => {
  const document = parse(read('examples/minimal.yaml')).value as MeshjoinDocument
  const resolved = resolve(document)
  const versionless = resolve({
    ...document,
    ansible: { collection: { namespace: 'example', name: 'mesh' } },
    policies: [
      {
        name: 'a',
        namespace: 'n',
        target: { pods: { app: 'a' }, port: 80 },
        allow: {},
        routes: [{ path: '/' }],
      },
    ],
    monitoring: { textfileDirectory: '/srv/textfile' },
  })
  const asked = resolve({
    ...document,
    proxy: { ...document.proxy, adminAddress: '0.0.0.0:4191' },
    readiness: { image: 'node:22' },
    machines: document.machines.map((machine) => ({
      ...machine,
      ...{ namespace: 'n', labels: { app: 'a', at: 'machine' } },
      healthCheck: { path: '/', port: 80 },
    })),
    migration: [
      {
        ...{ service: 'a', namespace: 'n', port: 80, weights: { machines: 1, pods: 1 } },
        machines: { selector: { app: 'a', at: 'machine' } },
        pods: { selector: { app: 'a', at: 'pod' } },
      },
    ],
    services: [{ name: 'a', namespace: 'n', selector: { app: 'a' }, ports: [{ name: 'http', port: 80 }] }],
  })
  if (!resolved.ok || !versionless.ok || !asked.ok)
    throw new Error(`the example is not valid: ${JSON.stringify(asked.diagnostics)}`)
  const { mesh, proxy, spire, cloudInit, machines } = resolved.value
  const [machine] = machines
  if (machine === undefined || spire.agent.from !== 'managed') throw new Error('the example has changed')
  const { inbound, outbound } = machine.redirect
  const { collection } = versionless.value.ansible
  const [policy] = versionless.value.policies
  const applied: Record<string, unknown> = {
    'Mesh.clusterDomain': mesh.clusterDomain,
    'Mesh.controlPlaneNamespace': mesh.controlPlaneNamespace,
    'Mesh.routes': mesh.routes,
    'MeshDns.provider': mesh.dns.provider,
    'Proxy.defaultInboundPolicy': machine.defaultInboundPolicy,
    'Proxy.adminAddress': `${proxy.adminAddress.host}:${proxy.adminAddress.port}`,
    'Proxy.shutdownGracePeriod': proxy.shutdownGracePeriod,
    'Proxy.logFormat': proxy.logFormat,
    'Proxy.settings': proxy.settings,
    'ProxyUser.name': proxy.user.name,
    'ProxyUser.uid': proxy.user.uid,
    'SpireServer.port': spire.server.port,
    'SpireServer.colocated': spire.server.own?.place === 'machine',
    'SpireServer.generate': spire.server.own?.place === 'host',
    'Monitoring.nodeExporterPort': versionless.value.monitoring?.nodeExporterPort,
    'SpireAgent.from': spire.agent.from,
    'SpireAgent.insecureBootstrap': spire.trustBundle.kind === 'none',
    'SpireAgentUser.name': spire.agent.user.name,
    'SpireAgentUser.uid': spire.agent.user.uid,
    'Redirect.backend': machine.redirect.backend,
    'Redirect.onProxyFailure': machine.redirect.onProxyFailure,
    'RedirectInbound.scope': inbound.scope,
    'RedirectInbound.fromNetworks': inbound.fromNetworks,
    'RedirectInbound.exemptPorts': inbound.exemptPorts,
    'RedirectInbound.exemptNetworks': inbound.exemptNetworks,
    'RedirectInbound.exemptUsers': inbound.exemptUsers,
    'RedirectInbound.exemptInterfaces': inbound.exemptInterfaces,
    'RedirectOutbound.scope': outbound.scope,
    'RedirectOutbound.exemptPorts': outbound.exemptPorts,
    'RedirectOutbound.exemptNetworks': outbound.exemptNetworks,
    'RedirectOutbound.exemptUsers': outbound.exemptUsers,
    'RedirectOutbound.exemptInterfaces': outbound.exemptInterfaces,
    'RedirectOutbound.onlyUsers': outbound.onlyUsers,
    'Machine.role': machine.role,
    'Machine.drain': machine.drain,
    'MachinePort.opaque': machine.ports[0]?.opaque,
    ...Object.fromEntries(
      (
        [
          'namespace',
          'periodSeconds',
          'timeoutSeconds',
          'successThreshold',
          'failureThreshold',
          'concurrency',
        ] as const
      ).map((name) => [`Readiness.${name}`, asked.value.readiness?.[name]]),
    ),
    ...Object.fromEntries(
      (['scheme', 'timeout', 'interval'] as const).map((name) => [
        `HealthCheck.${name}`,
        asked.value.machines[0]?.healthCheck?.[name],
      ]),
    ),
    'Migration.protocol': asked.value.migration[0]?.protocol,
    'CloudInit.distribution': cloudInit.distribution,
    'CloudInit.multipart': cloudInit.multipart,
    'MeshLayer.from': cloudInit.meshLayer.from,
    'AnsibleCollection.version': collection?.version,
    'Policy.probes': policy?.probes,
    'PolicyTarget.protocol': policy?.target.protocol,
    'PolicyAllow.serviceAccounts': policy?.allow.serviceAccounts,
    'PolicyAllow.machines': policy?.allow.machines,
    'PolicyAllow.groups': policy?.allow.groups,
    'PolicyAllow.networks': policy?.allow.networks,
    'PolicyAllow.authenticated': policy?.allow.authenticated,
    'PolicyAllow.unauthenticated': policy?.allow.unauthenticated,
    'PolicyRoute.match': policy?.routes[0]?.match,
  }
  for (const [name, value] of Object.entries(applied)) {
    const [definition = '', property = ''] = name.split('.')
    assert.equal(value, documented(definition, property), name)
  }
  const definitions = (schema as { definitions: Record<string, { properties?: object }> }).definitions
  for (const [definition, { properties = {} }] of Object.entries(definitions)) {
    for (const property of Object.keys(properties)) {
      if (documented(definition, property) === undefined) continue
      assert.ok(`${definition}.${property}` in applied, `${definition}.${property} is not compared`)
    }
  }
})

test.run()

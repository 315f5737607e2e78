/**
 * Walks the schema: each field that a document may have changes what is generated, or a warning says that it does nothing.
 * A field that is accepted and does nothing would let somebody believe that it does something.
 */
import { createHash } from 'node:crypto'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate, generateLazily, validate } from '../../lib/index.ts'
import { readCarriers } from '../oracle/support/carriers.ts'
import { readDocuments } from '../oracle/support/cases.ts'
import { enrich, follow, type Json, look, put, root, type Schema } from '../oracle/support/fields.ts'

const test = suite('fields that nothing reads')

/**
 * What has no effect on purpose: the address of the schema is for editors, the version has one value, and instances are a
 * group's: `instances-without-group` says so.
 */
const inert = ['/$schema', '/apiVersion', '/defaults/instances/name', '/defaults/instances/interface']

/** Fields that belong to a choice which is refused at its own place, beside them or elsewhere. */
const belongs: readonly [field: RegExp, choice: string][] = [
  [/^\/(machines\/\*|groups\/\*|defaults)\/attestation\//, '/spire/agent/attestation/type'],
]

/** Choices that ask for other options beside them. */
const whole: Readonly<Record<string, Json>> = {
  '/machines/*/addresses/from': ['203.0.113.42'],
  '/proxy/install/from': { from: 'preinstalled', path: '/opt/own/program' },
  '/spire/server/colocated': { address: 'spire.example.internal' },
  '/spire/server/generate': { address: 'spire.example.internal' },
  '/cloudInit/meshLayer/from': { from: 'baked' },
  '/spire/agent/attestation/type': { type: 'aws_iid' },
  '/spire/agent/from': {
    version: '1.15.3',
    install: { from: 'preinstalled', path: '/opt/own/program' },
    attestation: { type: 'aws_iid' },
  },
  '/spire/agent/install/from': { from: 'preinstalled', path: '/opt/own/program' },
}

/** Accepted with a warning at its place that it does nothing. */
const warned = 'exempt-users-inbound'

interface Place {
  readonly document: Json
  readonly way: readonly string[]
  readonly schema: Schema
}

const minimal = load(readDocuments().get('minimal') ?? '') as Json

test('every field changes the output, or is refused at its place', () => {
  const names = [...fieldsOf(root)].filter((name) => !inert.includes(name))
  assert.ok(names.length > 200, String(names.length))
  const places = collectPlaces()
  const silent = names.filter((name) => !(places.get(name) ?? []).some((place) => hasEffect(name, place)))
  assert.equal(silent, [], 'have no effect in any document: give a golden document to them')
})

test('the walk notices a field that nothing reads', () => {
  const document = put(minimal, ['$schema'], 'one.json')
  const schema = root.properties?.$schema ?? {}
  assert.not.ok(hasEffect('/$schema', { document, way: ['$schema'], schema }))
})

const pinnedImage = `node@sha256:${'0123456789abcdef'.repeat(4)}`

const policy = `policies:
  - {name: only, namespace: mixed-env, target: {pods: {app: web}, port: http}, allow: {}}
`

test.run()

/** Every property of the schema that has none of its own, `*` for items and for keys of a map. */
function fieldsOf(given: Schema, name = ''): Set<string> {
  const schema = follow(given)
  const fields = new Set<string>()
  const add = (child: Schema, key: string): void => {
    for (const field of fieldsOf(child, `${name}/${key}`)) fields.add(field)
  }
  for (const [key, child] of Object.entries(schema.properties ?? {})) add(child, key)
  const { items, additionalProperties: entries } = schema
  if (items !== undefined && follow(items).properties !== undefined) add(items, '*')
  if (typeof entries === 'object' && follow(entries).properties !== undefined) add(entries, '*')
  return fields.size === 0 ? new Set([name]) : fields
}

const redirect = `{backend: nftables, ipv6: true, onProxyFailure: open,
    inbound: {scope: all, fromNetworks: [192.0.2.0/24], exemptPorts: [9100], exemptNetworks: [192.0.2.7], exemptInterfaces: [wg0], exemptUsers: [backup]},
    outbound: {scope: all, exemptPorts: [9100], exemptNetworks: [192.0.2.7], exemptInterfaces: [wg0], exemptUsers: [backup], onlyUsers: [shop]}}`

/** Settings of a group, or of all, that change what machines have from there. */
const shared = `{namespace: shop, role: server, ports: [{name: http, port: 8080, opaque: true}], parentId: spiffe://root.linkerd.cluster.local/node/own,
  identity: {spiffeId: spiffe://root.linkerd.cluster.local/shop/all, serverName: all.shop.cluster.local}, proxy: {defaultInboundPolicy: deny},
  redirect: ${redirect}}`

const service =
  'services: [{name: web, namespace: mixed-env, selector: {app: web}, ports: [{name: http, port: 80}]}]\n'

const bare = '    namespace: mixed-env\n    addresses: [203.0.113.42]\n    ports: [{name: http, port: 80}]\n'

/** Policies with all that they can have, but for what lets everybody in. */
const policies = `policies:
  - {name: a, namespace: mixed-env, target: {machines: {tier: front}, port: http}, routes: [{path: /a, match: exact, methods: [GET]}], probes: [/healthz],
     allow: {serviceAccounts: [{name: a, namespace: b}], machines: [legacy-app], networks: [198.51.100.0/24]}}
  - {name: b, namespace: mixed-env, target: {pods: {app: b}, port: http, protocol: gRPC}, routes: [{service: a.B, method: C}], allow: {authenticated: true}}
  - {name: c, namespace: mixed-env, target: {pods: {app: c}, port: http}, allow: {groups: [web]}}
`

/** Documents that bring what the examples cannot have all at once. */
function* readSmall(): Iterable<string> {
  const text = readDocuments().get('minimal') ?? ''
  const lean = text.replace(bare, '    addresses: [203.0.113.42]\n')
  const grouped = lean.replace('    addresses', '    group: web\n    addresses')
  yield `${lean}defaults: ${shared}\n`
  yield `${grouped}groups: {web: ${shared}, other: {namespace: other}}\n`
  for (const given of [
    'annotations: {example.com/owner: team}',
    'labels: {app: web}',
    'zone: eu-west-1a',
    'drain: true',
  ]) {
    yield `${text}defaults: {${given}}\n`
    yield `${text}    group: web\ngroups: {web: {${given}}}\n`
    yield `${text}    ${given}\n`
  }
  const open = text
    .replace('  version: v2.368.0\n', '  version: v2.368.0\n  adminAddress: 0.0.0.0:4191\n')
    .replace('port: 80}]', 'port: 80}, {name: more, port: 81}]')
  const asked = 'healthCheck: {path: /live, port: 80, scheme: HTTPS, timeout: 2s, interval: 20s}'
  const readiness = `readiness: {image: ${pinnedImage}, imagePullSecret: pull, namespace: probes, fromNetworks: [192.0.2.0/24],
  periodSeconds: 15, timeoutSeconds: 2, successThreshold: 2, failureThreshold: 4, concurrency: 200}\n`
  yield `${open}defaults: {${asked}}\n${readiness}`
  yield `${open}    group: web\ngroups: {web: {${asked}}}\n${readiness}`
  yield `${open}    ${asked}\n${readiness}`
  yield migrating(text)
  const user = '  user: {name: own-proxy, uid: 2222}\n  defaultInboundPolicy: deny\n'
  yield text.replace('  version: v2.368.0\n', `$&${user}`)
  yield `${text}    labels: {app: web}\n${service}`
  yield `${text}redirect: ${redirect}\n`
  yield `${text}monitoring: {textfileDirectory: /srv/textfile, nodeExporterPort: 9101}\n`
  yield `${text}cloudInit: {platform: ec2}\n`
  yield `${text}    group: web\ngroups: {web: {redirect: {onProxyFailure: open}}}\n`
  yield `${text}    parentId: spiffe://root.linkerd.cluster.local/node/own\n`
  yield text.replace(
    'servers: [10.43.0.10]',
    'servers: [10.43.0.10]\n    domains: [cluster.local, example.org]',
  )
  yield text.replace('  server:', '  workload: {selectors: ["unix:uid:2102", "unix:gid:2102"]}\n  server:')
  yield `${text}    labels: {app: billing, tier: front}\n    group: web\n${policies}groups: {web: {}, other: {}}\n`
  yield `${text}${policy.replace('allow: {}', 'allow: {unauthenticated: true}')}`
}

/** A migration whose every reference has another one to point to. */
function migrating(text: string): string {
  const served = 'ports: [{name: http, port: 80}, {name: more, port: 81}]'
  const of = (name: string, namespace: string) =>
    `  - {name: ${name}, namespace: ${namespace}, selector: {app: billing}, ${served}}\n`
  return `${text.replace('ports: [{name: http, port: 80}]', `${served}\n    labels: {app: billing, side: machines}`)}  - {name: other, namespace: billing, addresses: [203.0.113.43], labels: {app: billing, side: machines}, ${served}}
services:
${of('web', 'mixed-env')}${of('billing', 'mixed-env')}${of('web', 'billing')}migration:
  - {service: web, namespace: mixed-env, port: 81, machines: {selector: {app: billing, side: machines}}, pods: {selector: {app: pods}}, weights: {machines: 90, pods: 10}}
`
}

/** With what is a default for all machines as the settings of a group. */
function inGroup(text: string): string[] {
  const [found, attestation] = /^defaults: \{(attestation: .*)\}\n/m.exec(text) ?? []
  if (found === undefined || attestation === undefined) return []
  const groups = `groups: {web: {${attestation}}}\n`
  return [text.replace(found, groups).replace('name: legacy-app\n', 'name: legacy-app\n    group: web\n')]
}

/** Where documents hold each field: with everything added that is accepted, and so that all choices are there. */
function collectPlaces(): Map<string, Place[]> {
  const places = new Map<string, Place[]>()
  const walk = (document: Json, given: Schema, name: string, way: readonly string[]): void => {
    const schema = follow(given)
    const value = look(document, way)
    if (value === undefined) return
    places.set(name, [...(places.get(name) ?? []), { document, way, schema }])
    if (typeof value !== 'object' || value === null) return
    for (const key of Object.keys(value)) {
      const known = schema.properties?.[key]
      const inner = known ?? (Array.isArray(value) ? schema.items : schema.additionalProperties)
      if (typeof inner === 'object')
        walk(document, inner, `${name}/${known === undefined ? '*' : key}`, [...way, key])
    }
  }
  const isValid = (document: Json) => validate(document as object).ok
  const isMade = (document: Json) => isValid(document) && generateLazily(document as object).ok
  for (const text of readSmall()) {
    const document = load(text) as Json
    const { diagnostics } = validate(document as object)
    assert.equal(
      diagnostics.filter(({ severity }) => severity === 'error'),
      [],
      text,
    )
    walk(document, root, '', [])
  }
  // Everything at once is more than EC2 takes, and compressing it hundreds of times takes long.
  walk(without(enrich(minimal, isMade), ['cloudInit', 'platform']), root, '', [])
  // Of the golden documents each, so that a new kind's own brings its options.
  const others = [...readDocuments()]
    .filter(([name]) => ['walkthrough', 'fleet', 'mirror'].includes(name) || name.startsWith('golden/'))
    .map(([, text]) => text)
  const carriers = [...readCarriers().values()]
  // A field is tried in one after the other, so those come first that are about it.
  for (const text of [...carriers.flatMap(inGroup), ...carriers, ...others]) {
    const document = load(text) as Json
    if (!isValid(document)) continue
    walk(document, root, '', [])
    const rich = enrich(document, isValid)
    // Compressing takes long, and each of its options is in a document of its own.
    const light = without(rich, ['cloudInit'])
    walk(isValid(light) ? light : rich, root, '', [])
  }
  return places
}

function hasEffect(name: string, { document, way, schema }: Place): boolean {
  const path = `/${way.join('/')}`
  const before = observe(document)
  const other = whole[name]
  if (other !== undefined) return observe(put(document, way.slice(0, -1), other)).output !== before.output
  if (before.refused.some((refused) => covers(refused, path, name))) return true
  if (before.output === '') return false
  return variants(look(document, way) ?? null, schema).some((value) => {
    const changed = value === undefined ? without(document, way) : put(document, way, value)
    if (!validate(changed as object).ok) return false
    const after = observe(changed)
    if (after.output === '') return after.refused.some((refused) => covers(refused, path, name))
    return after.output !== before.output
  })
}

/** A choice that is refused stands for what belongs to it: its own options, beside it. */
function covers(refused: string, path: string, name: string): boolean {
  if (belongs.some(([field, choice]) => field.test(name) && choice === refused)) return true
  const isChoice = /\/(from|type|colocated)$/.test(refused)
  const place = isChoice ? refused.replace(/\/[^/]*$/, '') : refused
  return path === place || path.startsWith(`${place}/`) || place.startsWith(`${path}/`)
}

interface Observation {
  readonly output: string
  readonly refused: readonly string[]
}

const observed = new WeakMap<object, Observation>()

function observe(document: Json): Observation {
  const known = observed.get(document as object)
  if (known !== undefined) return known
  const made = generate(document as object)
  const refused = made.diagnostics.filter(({ code }) => code === warned).map(({ path }) => path)
  const hash = createHash('sha256')
  for (const { path, mode, content } of made.value ?? []) hash.update(`${path} ${mode}\n`).update(content)
  const observation = { output: made.ok ? hash.digest('hex') : '', refused }
  observed.set(document as object, observation)
  return observation
}

/** Other values for a field, of which most are legal; undefined: without it. */
function* variantsOf(value: Json, schema: Schema): Iterable<Json | undefined> {
  if (typeof value === 'boolean') yield !value
  if (typeof value === 'number') yield* [value + 1, value - 1, value + 100]
  yield* schema.enum ?? []
  for (const example of schema.examples ?? []) yield example as Json
  if (typeof value === 'string')
    for (const [from, to] of [
      [/[a-z](?=[^a-z]*$)/, 'x'],
      [/[0-9](?=[^0-9]*$)/, '1'],
      [/[0-9](?=[^0-9]*$)/, '7'],
      [/^/, 'x'],
    ] as const)
      yield value.replace(from, to)
  if (Array.isArray(value)) {
    yield value.slice(1) as Json
    for (const item of variantsOf(value[0] ?? null, schema.items ?? {}))
      if (item !== undefined) yield [item, ...value.slice(1)] as Json
  }
  yield undefined
}

function variants(value: Json, schema: Schema): (Json | undefined)[] {
  const seen = new Set([JSON.stringify(value)])
  return [...variantsOf(value, schema)].filter((variant) => {
    const text = JSON.stringify(variant)
    if (seen.has(text)) return false
    seen.add(text)
    return true
  })
}

function without(document: Json, way: readonly string[]): Json {
  const parent = way.slice(0, -1)
  const { [way.at(-1) ?? '']: _, ...rest } = look(document, parent) as Readonly<Record<string, Json>>
  return put(document, parent, rest)
}

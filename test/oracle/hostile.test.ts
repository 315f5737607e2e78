import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { proxyHas } from '../../lib/config/versions.ts'
import {
  cloudConfig,
  type Diagnostic,
  generateLazily,
  type MachinePlan,
  plan,
  validate,
} from '../../lib/index.ts'
import { readCarriers, readLeanCarriers } from './support/carriers.ts'
import { chooseSites, machineTargets, mutate, type Site } from './support/fields.ts'
import { createRandom, disturb, drawHostile, drawMatching } from './support/hostile.ts'
import { Readers } from './support/readers.ts'
import { choosePlan, type Output, pointerOf, VerbatimCheck } from './support/values.ts'

const test = suite('hostile strings')
const seed = Number(process.env.MESHJOIN_SEED ?? 20_261)
const wanted = process.env.MESHJOIN_LONG === undefined ? 20_000 : 200_000

/** What came of the strings of one field. */
interface Count {
  drawn: number
  refused: number
  /** Accepted, and the field reaches no target that is built. */
  resting: number
  read: number
  /** Places in the output that hold the field's string verbatim. */
  places: number
}

const { sites, missing } = chooseSites(readLeanCarriers(), readCarriers())
const counts = new Map<string, Count>()
/** Findings at a field that refers to the one in question: the string itself may be fine there. */
const referring: Readonly<Record<string, readonly string[]>> = {
  '/mesh/routes/*/to': ['route-gateway'],
  '/proxy/adminAddress': ['port-reserved'],
  '/services/*/name': ['reference-unknown'],
  '/services/*/namespace': ['reference-unknown', 'selector-crosses-namespaces'],
  '/machines/*/name': ['reference-unknown'],
  '/machines/*/addresses/*': ['proxy-too-old'],
  '/machines/*/localAddresses/*': ['proxy-too-old'],
  '/machines/*/labels/(key)': ['selector-crosses-namespaces', 'policy-selects-nothing'],
  '/machines/*/labels/*': ['selector-crosses-namespaces', 'policy-selects-nothing'],
  '/machines/*/namespace': ['policy-selects-nothing'],
  '/machines/*/ports/*/name': ['policy-port-unmatched'],
  '/machines/*/parentId': ['parent-duplicate'],
  '/groups/*/labels/(key)': ['selector-crosses-namespaces', 'policy-selects-nothing'],
  '/groups/*/labels/*': ['selector-crosses-namespaces', 'policy-selects-nothing'],
  '/groups/*/namespace': ['policy-selects-nothing'],
  '/groups/*/ports/*/name': ['policy-port-unmatched'],
  '/policies/*/namespace': ['policy-selects-nothing'],
  '/migration/*/namespace': ['migration-side-empty', 'reference-unknown'],
  '/policies/*/target/protocol': ['policy-route'],
  '/mesh/linkerdVersion': ['policy-grpc-too-old'],
  '/mesh/clusterNetworks/*': ['proxy-too-old'],
  '/mesh/machineNetworks/*': ['proxy-too-old'],
  '/spire/agent/attestation/devidCertificateFile': ['path-taken'],
  '/spire/agent/attestation/devidPrivateKeyFile': ['path-taken'],
  '/spire/agent/attestation/devidPublicKeyFile': ['path-taken'],
  '/spire/agent/attestation/certificateFile': ['path-taken'],
  '/spire/agent/attestation/privateKeyFile': ['path-taken'],
  '/spire/agent/attestation/intermediatesFile': ['path-taken'],
  '/spire/agent/attestation/hostKeyFile': ['path-taken'],
  '/spire/agent/attestation/hostCertificateFile': ['path-taken'],
  '/spire/trustDomain': ['identity-trust-domain'],
  '/spire/server/caTtl': ['ttl-unreachable'],
  '/spire/server/x509SvidTtl': ['availability-unreachable'],
}

/** Fields whose strings stand among other words in the output, by what of the string decides which. */
const formsOf: Readonly<Record<string, (text: string) => boolean>> = {
  '/proxy/version': (text) => proxyHas(text, 'platformInAssetName'),
}

/** Fields that no valid document has: `defaults` and groups share a definition, and only a group has instances. */
const refusedAltogether = ['/defaults/instances/name', '/defaults/instances/interface']

/** Strings refused at another place only, by field and finding. */
const elsewhere = new Map<string, string>()

test('every string field and map key of the schema is reached by a document', () => {
  assert.equal(missing, refusedAltogether)
  assert.ok(sites.length > 200)
})

test(`a string in any field is refused at its place or read back exactly (seed ${seed})`, async () => {
  const share = Math.ceil(wanted / sites.length)
  const readers = new Readers()
  for (const [index, site] of sites.entries()) {
    const count = { drawn: 0, refused: 0, resting: 0, read: 0, places: 0 }
    counts.set(site.field.name, count)
    await tryField(site, drawFor(site, share, seed + index), readers, count)
  }
  report(readers)
  await readers.finish()
  assert.equal([...elsewhere], [])
})

test('the strings are as many as asked for, and enough of them were read back', () => {
  const sum = (key: keyof Count) => [...counts.values()].reduce((total, count) => total + count[key], 0)
  assert.is(counts.size, sites.length)
  assert.ok(sum('drawn') >= wanted, `${sum('drawn')} strings`)
  assert.ok(sum('read') >= wanted / 20, `only ${sum('read')} were read back`)
  assert.ok(sum('refused') >= wanted / 4, `only ${sum('refused')} were refused`)
})

/** Some from nowhere, some that the field's pattern describes, and some close to good ones. */
function drawFor(site: Site, count: number, fieldSeed: number): string[] {
  const { pattern, maxLength } = site.field
  const random = createRandom(fieldSeed)
  const good = pattern === undefined ? [] : drawMatching(pattern, maxLength, Math.ceil(count / 3), fieldSeed)
  const drawn = [...good]
  while (drawn.length < count) {
    const near = good[random(Math.max(1, good.length))] ?? site.present
    const kind = random(10)
    drawn.push(kind < 4 ? drawHostile(random) : disturb(kind < 7 ? near : site.present, random))
  }
  return drawn
}

async function tryField(site: Site, drawn: readonly string[], readers: Readers, count: Count): Promise<void> {
  const place = pointerOf(site)
  const formOf = formsOf[site.field.name] ?? (() => true)
  const checkAlike = (form: boolean) => {
    const alike = drawn.filter((text) => formOf(text) === form)
    return new VerbatimCheck(site, alike, (text) => makeOutput(site, text))
  }
  const [one, other] = [checkAlike(true), checkAlike(false)]
  count.places = Math.max(one.size, other.size)
  const refuse = (text: string, diagnostics: readonly Diagnostic[]): void => {
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    const said = errors.map(({ path, code }) => `${code} at ${path}`).join(', ')
    const referred = referring[site.field.name] ?? []
    if (!errors.some(({ code, path }) => concerns(path, place(text)) || referred.includes(code)))
      elsewhere.set(`${site.field.name}: ${said}`, text)
    count.refused++
  }
  for (const text of drawn) {
    count.drawn++
    const checked = validate(mutate(site, text) as object)
    if (!checked.ok) {
      refuse(text, checked.diagnostics)
      continue
    }
    if (!site.generated) {
      count.resting++
      continue
    }
    const generation = generateLazily(checked.value, { targets: machineTargets })
    const planned = plan(checked.value)
    if (!generation.ok || !planned.ok) {
      refuse(text, generation.diagnostics)
      continue
    }
    const title = `${site.field.name} = ${JSON.stringify(text)}`
    const output = outputOf(site, text, planned.value)
    const verbatim = formOf(text) ? one : other
    verbatim.check(text, output, title)
    readers.add(title, output)
    count.read++
    await readers.makeRoom()
  }
}

/** A fault of one field may be found at its place, above it or below it. */
function concerns(path: string, place: string): boolean {
  return path === place || place.startsWith(`${path}/`) || path.startsWith(`${place}/`)
}

function makeOutput(site: Site, text: string): Output | undefined {
  if (!site.generated) return undefined
  const document = mutate(site, text) as object
  const planned = plan(document)
  return planned.ok && generateLazily(document, { targets: machineTargets }).ok
    ? outputOf(site, text, planned.value)
    : undefined
}

function outputOf(site: Site, text: string, plans: readonly MachinePlan[]): Output {
  const chosen = choosePlan(site, plans, text)
  if (chosen === undefined) throw new Error(`${site.field.name} is about no machine`)
  return { plan: chosen, config: cloudConfig(site.way[0] === 'cloudInit' ? chosen : withInlineLayer(chosen)) }
}

/** An archive's sum would have each string pay for its own compression; the files are the same. */
function withInlineLayer(plan: MachinePlan): MachinePlan {
  return { ...plan, mesh: { ...plan.mesh, delivery: { from: 'inline' } } }
}

/** The shares for each field, so that a reader sees that no field is proven by refusals alone without a reason. */
function report(readers: Readers): void {
  const lines = [...counts].map(
    ([name, { drawn, refused, resting, read, places }]) =>
      `${String(drawn).padStart(6)} ${String(refused).padStart(8)} ${String(resting).padStart(8)} ${String(read).padStart(8)} ${String(places).padStart(7)}  ${name}`,
  )
  process.stdout.write(`\n strings  refused  resting     read  places  field\n${lines.join('\n')}\n`)
  process.stdout.write(`files read: ${JSON.stringify(readers.counts)}\n`)
}

test.run()

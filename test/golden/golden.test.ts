/**
 * Golden cases: `input.yaml` in, `diagnostics.json`, `files.txt` and `out/` out, all of it compared byte for byte.
 * `UPDATE_GOLDEN=1` writes them anew; look at the difference before you commit it.
 *
 * `minimal` is stored whole, but for what the Ansible role copies, which is the overlay's. The other cases store what differs
 * from it, so that a changed unit is one change to read: a file that equals one of `minimal` is named as such in `files.txt`, and the content of a file that the machine's
 * overlay has too is replaced by its name in user-data; the programs of firewalls are stored for one target, that of the prober for one case. All of it is exact: what is replaced was compared byte for byte.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Artifact, generate } from '../../lib/index.ts'
import { joinPrograms } from '../../scripts/machine-program.ts'

const folder = 'test/golden'
/** By name: a case may hold what only the cluster's targets read. */
const targets = ['ansible', 'cloud-init', 'kubernetes', 'monitoring', 'spire', 'systemd']
/** The mesh layer to bake would be stored with each case; one is enough. */
const targetsOf = (name: string) => (name === 'baked-layer' ? [...targets, 'image'] : targets)
const update = process.env.UPDATE_GOLDEN === '1'
const cases = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort()

/** What the folder of a case holds, beside its input. */
type Stored = ReadonlyMap<string, string>

let base: readonly Artifact[] | undefined
const test = suite('golden')

for (const name of cases) {
  test(`${name} gives exactly what is stored`, () => {
    const made = render(name)
    if (update) write(name, made)
    const stored = read(name)
    assert.is([...stored.keys()].sort().join('\n'), [...made.keys()].sort().join('\n'), 'the files stored')
    for (const [path, text] of made) assert.is(stored.get(path), text, `${name}/${path}`)
  })
}

test('minimal is the example of that name', () => {
  assert.is(
    readFileSync(`${folder}/minimal/input.yaml`, 'utf8'),
    readFileSync('examples/minimal.yaml', 'utf8'),
  )
})

test('the command on the machine is the same file everywhere', () => {
  const command = joinPrograms('templates').get('mesh-machine.sh')
  for (const name of cases) {
    const copies = artifactsOf(name).filter(({ path }) => path.endsWith('/usr/local/sbin/mesh-machine'))
    assert.ok(copies.length > 0, name)
    for (const { path, content } of copies) assert.is(content, command, path)
  }
})

test('the cases cover the kinds of user-data that there are', () => {
  const kinds = cases.flatMap((name) =>
    artifactsOf(name)
      .filter(({ path }) => path.endsWith('/user-data'))
      .map((artifact) => decode(artifact).kind),
  )
  assert.equal([...new Set(kinds)].sort(), ['base64-gzip', 'gzip', 'text'])
})

test.run()

function inputOf(name: string): string {
  return readFileSync(join(folder, name, 'input.yaml'), 'utf8')
}

function artifactsOf(name: string): readonly Artifact[] {
  const result = generate(inputOf(name), { targets: targetsOf(name) })
  assert.ok(result.ok, `${name}: ${JSON.stringify(result.diagnostics)}`)
  return result.value ?? []
}

/** The whole folder of a case, as it should be. */
function render(name: string): Stored {
  const stored = new Map<string, string>()
  const { diagnostics } = generate(inputOf(name), { targets: targetsOf(name) })
  stored.set('diagnostics.json', `${JSON.stringify(diagnostics, null, 2)}\n`)
  const artifacts = artifactsOf(name)
  const lines: string[] = []
  for (const artifact of artifacts) {
    const { kind, text } = decode(artifact)
    const twin = nameTwin(name, artifact, artifacts)
    const mode = artifact.mode.toString(8).padStart(4, '0')
    const secret = artifact.sensitive ? ' sensitive' : ''
    lines.push(`${mode} ${kind}${secret} ${artifact.path}${twin === undefined ? '' : ` = ${twin}`}\n`)
    // A mesh layer to fetch is named by its checksum, and its files are stored already.
    if (twin === undefined && !artifact.path.startsWith('cloud-init/mesh-layer/'))
      stored.set(`out/${placeOf(artifact)}`, name === 'minimal' ? text : fold(artifact.path, text, artifacts))
  }
  stored.set('files.txt', lines.join(''))
  return stored
}

/** A layer to bake has its checksum for a name, as `files.txt` says; here a changed layer is a change of the same file. */
function placeOf({ path }: Artifact): string {
  return path.replace(/^image\/[0-9a-f]{12}\//, 'image/layer/')
}

/** The case, or the file of this one, that has the same bytes and is where they are stored. */
function nameTwin(name: string, artifact: Artifact, artifacts: readonly Artifact[]): string | undefined {
  if (findTwin(name, artifact) !== undefined) return 'minimal'
  return isProber(name, artifact) ? 'readiness' : nameShared(artifact, artifacts)
}

/** The prober's program is the same in every case that has one. */
function isProber(name: string, { path, content }: Artifact): boolean {
  if (name === 'readiness' || path !== 'kubernetes/readiness/prober.mjs') return false
  return artifactsOf('readiness').some((other) => other.path === path && other.content === content)
}

/** The file of `minimal` at the same place of the machine, or of the role, if it has the same bytes. */
function findTwin(name: string, { path, content }: Artifact): Artifact | undefined {
  const copied = /^ansible\/roles\/linkerd_machine\/files\/[^/]+(\/.*)$/.exec(path)?.[1]
  const place = copied ?? /^(?:systemd\/[^/]+|image\/[^/]+\/root)(\/.*)$/.exec(path)?.[1]
  // What the role copies is stored where it belongs, also for `minimal` itself.
  if (name === 'minimal' && copied === undefined) return undefined
  base ??= artifactsOf('minimal')
  const twins = [
    place === undefined ? '' : `systemd/legacy-app${place}`,
    /^(ansible\/|kubernetes\/|monitoring\/|spire\/register$)/.test(path) ? path : '',
  ]
  return base.find((other) => twins.includes(other.path) && other.content === content)
}

/** Where the programs of firewalls are stored: those of all targets have the same bytes. */
function nameShared({ path, content }: Artifact, artifacts: readonly Artifact[]): string | undefined {
  const shared = path.replace(/^[^/]+(?=\/firewall\/)/, 'systemd')
  const other = artifacts.find((one) => one.path === shared)
  return shared === path || other?.content !== content ? undefined : shared
}

/** The text of an artifact; that of compressed user-data is unpacked. */
function decode({ path, content }: Artifact): { kind: 'text' | 'gzip' | 'base64-gzip'; text: string } {
  if (typeof content !== 'string') return { kind: 'gzip', text: gunzipSync(content).toString('utf8') }
  if (!path.endsWith('/user-data') || /^(#cloud-config|Content-Type:)/.test(content))
    return { kind: 'text', text: content }
  return { kind: 'base64-gzip', text: gunzipSync(Buffer.from(content, 'base64')).toString('utf8') }
}

/** Replaces what stands in user-data and is a file of the same machine's overlay too. */
function fold(path: string, text: string, artifacts: readonly Artifact[]): string {
  const machine = /^cloud-init\/([^/]+)\/user-data$/.exec(path)?.[1]
  if (machine === undefined) return text
  let folded = text
  for (const other of artifacts) {
    if (!other.path.startsWith(`systemd/${machine}/`) || typeof other.content !== 'string') continue
    const block = other.content.replace(/^(?=.)/gm, '  ')
    folded = folded.replace(` content: |\n${block}`, () => ` content: <<${other.path}>>\n`)
  }
  return folded
}

function read(name: string): Stored {
  const stored = new Map<string, string>()
  const root = join(folder, name)
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue
    const path = join(entry.parentPath, entry.name)
    if (path !== join(root, 'input.yaml')) stored.set(path.slice(root.length + 1), readFileSync(path, 'utf8'))
  }
  return stored
}

function write(name: string, files: Stored): void {
  const root = join(folder, name)
  for (const entry of readdirSync(root))
    if (entry !== 'input.yaml') rmSync(join(root, entry), { recursive: true })
  for (const [path, text] of files) {
    const file = join(root, path)
    if (!existsSync(dirname(file))) mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { printCloudConfig } from '../../../lib/index.ts'
import { printNftables } from '../../../lib/kinds/backends/nftables.ts'
import { literalNotation } from '../../../lib/plan/value.ts'
import { script } from './cloud-init.ts'
import { cache, type RootFile, runCommand, runScript, type Suite, suites } from './root.ts'
import { printEnvironment, startAll } from './user-manager.ts'
import { environmentFiles, type Output, readAssignments } from './values.ts'

interface Item {
  readonly title: string
  readonly text: string
  /** What the reader must say of it. */
  readonly expected: readonly string[]
  /** Names of the values, where the reader has names. */
  readonly names: readonly string[]
}

type Read = (system: Suite, items: readonly Item[]) => Promise<void>

/** Bytes that one run of a reader gets; an environment may have two million. */
const batchBytes = 1_000_000
const runsAtOnce = 2

/**
 * Hands what was generated to the real readers, many files at a time and each distinct file once, and fails where one
 * reads something else than was meant. Batches go to the two releases in turn; every reader sees both.
 */
export class Readers {
  readonly #seen = new Set<string>()
  readonly #queues: Readonly<Record<string, { read: Read; items: Item[]; bytes: number; turn: number }>> = {
    environment: { read: readEnvironments, items: [], bytes: 0, turn: 0 },
    shell: { read: readShellData, items: [], bytes: 0, turn: 0 },
    yaml: { read: readYaml, items: [], bytes: 0, turn: 0 },
    iptables: { read: readRules, items: [], bytes: 0, turn: 0 },
    ip6tables: { read: readRules6, items: [], bytes: 0, turn: 0 },
    nft: { read: readTables, items: [], bytes: 0, turn: 0 },
  }
  readonly #running = new Set<Promise<void>>()
  #fault: unknown
  /** Files that each reader was given. */
  readonly counts: Record<string, number> = {}

  add(title: string, { plan, config }: Output): void {
    const fresh = config.write_files.filter(({ path, content }) => this.#isNew(path, content))
    if (fresh.length === 0) return
    const environments = environmentFiles(plan)
    for (const { path, content } of fresh) {
      const entries = environments.get(path)
      if (entries !== undefined) this.#enqueue('environment', title, content, entries)
      else if (path.endsWith('/mesh-machine.conf'))
        this.#enqueue('shell', title, content, readAssignments(content))
      else if (path.endsWith('/redirect.v4')) {
        this.#enqueue('iptables', title, content, new Map())
        // The same rules for the other backend, which few documents ask for.
        this.#enqueue('nft', title, printNftables(plan.rules, literalNotation), new Map())
      } else if (path.endsWith('/redirect.nft')) this.#enqueue('nft', title, content, new Map())
      else if (path.endsWith('/redirect.v6')) this.#enqueue('ip6tables', title, content, new Map())
      else if (path.endsWith('/agent.json'))
        assert.is(JSON.stringify(JSON.parse(content)), JSON.stringify(plan.mesh.agent?.configuration), title)
    }
    const part = { ...config, write_files: fresh }
    this.#enqueue('yaml', title, printCloudConfig(part), new Map([['', JSON.stringify(part)]]))
  }

  /** Waits while too many runs are under way; throws what one found. */
  async makeRoom(): Promise<void> {
    while (this.#running.size >= runsAtOnce) await Promise.race(this.#running)
    if (this.#fault !== undefined) throw this.#fault
  }

  /** Reads the rest, with both releases. */
  async finish(): Promise<void> {
    for (const [name, queue] of Object.entries(this.#queues)) {
      await this.makeRoom()
      this.#flush(name, queue.turn < 2)
    }
    await Promise.all(this.#running)
    await this.makeRoom()
  }

  #isNew(path: string, content: string): boolean {
    const key = createHash('sha1').update(path).update('\0').update(content).digest('base64')
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    return true
  }

  #enqueue(name: string, title: string, text: string, values: ReadonlyMap<string, string>): void {
    const queue = this.#queues[name]
    if (queue === undefined) throw new Error(`no reader ${name}`)
    queue.items.push({ title, text, expected: [...values.values()], names: [...values.keys()] })
    queue.bytes += text.length
    this.counts[name] = (this.counts[name] ?? 0) + 1
    if (queue.bytes > batchBytes || queue.items.length >= 500) this.#flush(name, false)
  }

  #flush(name: string, withBoth: boolean): void {
    const queue = this.#queues[name]
    if (queue === undefined || queue.items.length === 0) return
    const { items, read, turn } = queue
    Object.assign(queue, { items: [], bytes: 0, turn: turn + 1 })
    const systems = withBoth ? suites : suites.filter((_system, index) => index === turn % suites.length)
    for (const system of systems) {
      const run: Promise<void> = read(system, items)
        .catch((error: unknown) => {
          this.#fault ??= error
        })
        .finally(() => this.#running.delete(run))
      this.#running.add(run)
    }
  }
}

/** Environment files, many in one: every name gets the number of its file in front. */
async function readEnvironments(system: Suite, items: readonly Item[]): Promise<void> {
  const lines = items.map(({ text, names }, index) => {
    let renamed = `\n${text}`
    for (const name of names) renamed = renamed.replace(`\n${name}=`, () => `\nN${index}_${name}=`)
    return renamed
  })
  const [given = []] = await startAll(system, [
    {
      service: 'EnvironmentFile=/opt/all.env\n',
      exec: `ExecStart=${printEnvironment}\n`,
      files: [{ path: '/opt/all.env', content: `${lines.join('\n')}\n` }],
    },
  ])
  const read = new Set(given)
  const own = given.filter((entry) => /^N[0-9]+_/.test(entry)).length
  let meant = 0
  for (const [index, { title, names, expected }] of items.entries()) {
    for (const [place, name] of names.entries()) {
      const entry = `N${index}_${name}=${expected[place]}`
      if (!read.has(entry)) {
        const found = given.find((other) => other.startsWith(`N${index}_${name}=`))
        assert.is(found, entry, `${title}: systemd on ${system} reads ${name}`)
      }
      meant++
    }
  }
  assert.is(own, meant, `${system}: systemd reads more variables than were meant`)
  const foreign = given.filter((entry) => /^(LD_|LINKERD|SPIRE|MESH)/.test(entry))
  assert.equal(foreign, [], `${system}: a variable got out of its file`)
}

async function readShellData(system: Suite, items: readonly Item[]): Promise<void> {
  const files: RootFile[] = items.map(({ text }, index) => ({ path: `/opt/data/${index}`, content: text }))
  const reads = items.map(
    ({ names }, index) =>
      `( . /opt/data/${index}; printf '%s\\0' ${names.map((name) => `"$${name}"`).join(' ')} )\n`,
  )
  files.push({ path: '/opt/read.sh', content: `set -eu\n${reads.join('')}` })
  const { stdout, stderr } = await runScript(system, 'exec env -i dash /opt/read.sh', { files })
  assert.is(stderr, '', `dash on ${system}`)
  const read = stdout.split('\0')
  let next = 0
  for (const { title, names, expected } of items)
    for (const [place, name] of names.entries())
      assert.is(read[next++], expected[place], `${title}: dash on ${system} reads ${name}`)
  assert.is(read.length, next + 1, `dash on ${system} printed more than was asked for`)
}

async function readYaml(system: Suite, items: readonly Item[]): Promise<void> {
  const { stdout, stderr } = await runScript(system, 'exec python3 /opt/oracle/read-yaml.py', {
    files: [script('read-yaml.py')],
    input: JSON.stringify(items.map(({ text }) => text)),
  })
  assert.is(stderr, '', `PyYAML on ${system}`)
  const read = JSON.parse(stdout) as unknown[]
  for (const [index, { title, expected }] of items.entries())
    assert.is(JSON.stringify(read[index]), expected[0], `${title}: PyYAML on ${system}`)
}

function readRules(system: Suite, items: readonly Item[]): Promise<void> {
  return restore('iptables', system, items)
}

function readRules6(system: Suite, items: readonly Item[]): Promise<void> {
  return restore('ip6tables', system, items)
}

/** Each file is a transaction of its own, so many can follow each other. */
async function restore(command: string, system: Suite, items: readonly Item[]): Promise<void> {
  const { stderr, status } = await runScript(
    system,
    `for variant in nft legacy; do ${command}-$variant-restore --noflush --test </opt/all.rules; done`,
    {
      files: [
        { path: '/opt/all.rules', content: items.map(({ text }) => text).join('') },
        { path: '/etc/passwd', content: accountsOf(system, items, /--uid-owner ([a-z_]\S*)/g) },
      ],
    },
  )
  assert.is(stderr, '', `${command} on ${system}: ${items[0]?.title}`)
  assert.is(status, 0, `${command} on ${system}`)
}

/** The host's nft: the image of a cloud has none. */
async function readTables(system: Suite, items: readonly Item[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-nft-'))
  try {
    const accounts = join(folder, 'passwd')
    writeFileSync(accounts, accountsOf(system, items, /meta skuid "([^"]+)"/g), { mode: 0o644 })
    const { stderr, status } = await runCommand(
      'unshare',
      ['--net', '--mount', 'sh', '-euc', 'mount --bind "$0" /etc/passwd; exec nft -c -f -', accounts],
      items.map(({ text }) => text).join(''),
    )
    assert.is(stderr, '', `nft: ${items[0]?.title}`)
    assert.is(status, 0, 'nft')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The accounts of a release, and one for each user that rules name: who is not there is refused on the machine as well. */
function accountsOf(system: Suite, items: readonly Item[], pattern: RegExp): string {
  const known = readFileSync(join(cache, `${system}.base`, 'etc/passwd'), 'utf8')
  const names = new Set(items.flatMap(({ text }) => [...text.matchAll(pattern)].map(([, name = '']) => name)))
  const made = [...names].filter((name) => !`\n${known}`.includes(`\n${name}:`))
  return known + made.map((name, index) => `${name}:x:${70_000 + index}:65534::/:/bin/false\n`).join('')
}

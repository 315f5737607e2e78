/** How the program of a machine is built: small parts, functions that say what they do, calls in one direction. */
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { units } from '../../../lib/files/units.ts'
import { backends } from '../../../lib/kinds/backends/index.ts'
import { listParts, programs, shareFailures } from '../../../scripts/machine-program.ts'
import { printRestarts } from '../../../scripts/machine-units.ts'
import { backendFunctions } from './backend-functions.ts'
import { partsFolder, runParts } from './shell.ts'

const test = suite('parts of the programs on a machine')

interface ShellFunction {
  readonly name: string
  /** Comment lines above it, without their marks. */
  readonly comment: string
  /** All of it, without comments. */
  readonly body: string
}

const names = listParts(partsFolder)
const texts = new Map(names.map((name) => [name, readFileSync(`${partsFolder}/${name}.sh`, 'utf8')]))
const functions = new Map([...texts].map(([name, text]) => [name, readFunctions(text)]))

function readFunctions(text: string): ShellFunction[] {
  const found = text.matchAll(/((?:^#.*\n)*)^([a-z_0-9]+)\(\) (\{.*\}|\{\n[\s\S]*?^\}.*)$/gm)
  return [...found].map(([, comment = '', name = '', body = '']) => ({
    name,
    comment: comment.replace(/^# ?/gm, ''),
    body: body.replace(/(^|\s)#.*$/gm, '$1'),
  }))
}

/** What a part does when it is sourced: settings, and what a program was asked for. */
const isMain = (part: string) => /(^|\/)(settings|main)$/.test(part)

test('every function of a part is found', () => {
  for (const [part, text] of texts) {
    const count = (text.match(/^[a-z_0-9]+\(\)/gm) ?? []).length
    assert.is(functions.get(part)?.length, count, part)
  }
  assert.ok([...functions.values()].flat().length > 120)
})

test('no part has more than 150 lines', () => {
  for (const [part, text] of texts) assert.ok(text.split('\n').length - 1 <= 150, part)
})

test('every function has a comment above it that begins with its name and its arguments', () => {
  for (const [part, list] of functions)
    for (const { name, comment } of list)
      assert.match(comment, new RegExp(`^${name}( [^:]+)?: .`), `${part}: ${name}`)
})

test('a function whose arguments are used names them above it', () => {
  for (const [part, list] of functions)
    for (const { name, comment, body } of list) {
      if (!/\$(\{?1|@|\*)/.test(body) || !/\$(\{?1|@|\*)/.test(body.replace(/set -- [\s\S]*/, ''))) continue
      assert.match(comment, new RegExp(`^${name} [A-Z[]`), `${part}: ${name}`)
    }
})

test('no two functions have one name, and none has that of a command', () => {
  // What fetches the mesh layer is a program of its own, with its own way to fail; and the doctor notes where others fail.
  for (const alone of [true, false]) {
    const found = [...functions].filter(([part]) => part.startsWith('fetch/') === alone)
    const own = found.flatMap(([part, list]) =>
      list.map(({ name }) => (part === 'doctor/ask' && name === 'fail' ? `${name} of the doctor` : name)),
    )
    assert.ok(own.length > 1)
    assert.equal([...new Set(own)].sort(), [...own].sort())
  }
  const all = [...functions.values()].flat().map(({ name }) => name)
  const commands = ['install', 'join', 'users', 'sum', 'test', 'kill', 'uptime', 'ss', 'ip', 'id', 'command']
  assert.equal(
    all.filter((name) => commands.includes(name)),
    [],
  )
})

test('sourcing a part defines its functions, prints nothing and sets nothing', () => {
  for (const part of names.filter((name) => !isMain(name))) {
    const defined = functions.get(part)?.map(({ name }) => name) ?? []
    const script = `set | grep '^[a-z]' >after || :; cmp before after >&2; for f in ${defined.join(' ')}; do command -v "$f"; done`
    const said = runParts(
      ['sh', '-c', 'set | grep \'^[a-z]\' >before || :; exec sh "$@"', 'sh'],
      [part],
      script,
    )
    assert.is(said.stderr, '', part)
    assert.is(said.status, 0, part)
    assert.equal(said.stdout.trim().split('\n'), defined, part)
  }
})

/** Names of functions that a text calls or hands over, wherever they stand as a word that is no text for people. */
function calledBy(text: string, known: ReadonlySet<string>): string[] {
  const code = text.replace(/\btrap '([^']*)'/g, 'trap $1').replace(/'[^']*'/g, "''")
  const words = code.matchAll(/(?<![\w\-/.${])([a-z][a-z_0-9]*)(?![\w\-/=.]|\))/g)
  const found = [...words].map(([, word = '']) => word)
  // By the name of a backend or of a verb.
  for (const [, verb = ''] of code.matchAll(/\bbackend ([a-z_]+)/g))
    found.push(`iptables_${verb}`, `nftables_${verb}`)
  for (const [, verb = ''] of code.matchAll(/\$\{REDIRECT_BACKEND\}_([a-z_]+)/g))
    found.push(`iptables_${verb}`, `nftables_${verb}`)
  return [...new Set(found.filter((word) => known.has(word)))]
}

/** Words for people, in double quotes, in which a function's name may stand. */
const withoutTexts = (body: string) => body.replace(/\bsay "(?:[^"\\$]|\\.)*"/g, 'say')

/** The order in which parts stand, that of the command before those of the programs that take its functions. */
function orderOf(program: keyof typeof programs): Map<string, number> {
  const parts =
    program === 'mesh-machine.sh' ? programs[program] : [...programs['mesh-machine.sh'], ...programs[program]]
  return new Map([...parts].reverse().map((part, index) => [part, parts.length - index]))
}

test('a part calls what stands above it, and nothing below', () => {
  const home = new Map(
    [...functions].flatMap(([part, list]) => list.map(({ name }) => [name, part] as const)),
  )
  home.set('describe_failure', 'failures')
  home.set('describe_finding', 'findings')
  home.set('fail', 'log')
  home.set('restart_units', 'units')
  const known = new Set(home.keys())
  let calls = 0
  for (const program of Object.keys(programs) as (keyof typeof programs)[]) {
    const order = orderOf(program)
    for (const part of programs[program]) {
      const list = part === 'units' ? readFunctions(printRestarts()) : (functions.get(part) ?? [])
      for (const { name, body } of list)
        for (const callee of calledBy(withoutTexts(body), known)) {
          const from = order.get(part) ?? 0
          const to = order.get(home.get(callee) ?? '')
          assert.ok(to !== undefined && to <= from, `${part}: ${name} calls ${callee} of ${home.get(callee)}`)
          if (to < from) calls++
        }
    }
  }
  assert.ok(calls > 200, `only ${calls} calls were found`)
})

test('a call up is found', () => {
  assert.equal(calledBy('say "x" && backend list nft', new Set(['say', 'nftables_list', 'publish'])), [
    'say',
    'nftables_list',
  ])
  assert.equal(
    calledBy("within 45 can_start; trap 'finish' EXIT; say=1", new Set(['can_start', 'say', 'finish'])),
    ['can_start', 'finish'],
  )
})

test('a backend is a file with the functions that backend.sh lists, and its others carry its name', () => {
  const listed = [
    ...(texts.get('backends/backend')?.matchAll(/^# {3}([a-z_]+) +.* {2,}|^# {3}([a-z_]+) {2,}/gm) ?? []),
  ]
  const wanted = listed.map(([, long, short]) => `${long ?? short}`).map((name) => name.trim())
  assert.equal(wanted, backendFunctions)
  const parts = names.filter((name) => name.startsWith('backends/') && name !== 'backends/backend')
  assert.equal(
    parts,
    Object.keys(backends).map((name) => `backends/${name}`),
  )
  for (const part of parts) {
    const prefix = `${part.slice('backends/'.length)}_`
    const defined = functions.get(part)?.map(({ name }) => name) ?? []
    for (const name of defined) assert.ok(name.startsWith(prefix), name)
    for (const name of wanted) assert.ok(defined.includes(prefix + name), prefix + name)
  }
})

test('what is specific to a backend is in its files', () => {
  const guarded = [...functions].filter(([part]) => !/backend|made-by-hand|check\//.test(part))
  for (const [part, list] of guarded)
    for (const { name, body } of list)
      assert.not.match(body, /\b(iptables|nftables)_[a-z]/, `${part}: ${name}`)
})

test('every variable that a function sets is local to it, or a setting, or said above it', () => {
  const settings = new Set(
    [...(texts.get('settings') ?? '').matchAll(/^([a-z_]+)=/gm)].map(([, name]) => name),
  )
  const leaks: string[] = []
  for (const [part, list] of functions)
    for (const { name, comment, body } of list) {
      const code = body.replace(/'[^']*'/g, "''")
      const local = new Set(
        [...code.matchAll(/\blocal (.*)$/gm)].flatMap(([, words = '']) =>
          [...words.matchAll(/(?:^| )([a-z_0-9]+)/g)].map(([, word]) => word),
        ),
      )
      const loops = [...code.matchAll(/\bfor ([a-z_0-9]+)\b|\bread -r ([a-z_0-9 ]+)/g)].flatMap(
        ([, one, many]) => (one ?? many ?? '').split(' '),
      )
      const set = [...code.matchAll(/(?:^|[\s;&|({!])([a-z][a-z_0-9]*)=/gm)].map(([, word = '']) => word)
      const said = /(?:Sets|Counts in) [^.]*/i.exec(comment.replaceAll('\n', ' '))?.[0] ?? ''
      for (const word of [...set, ...loops].filter((w) => w !== '' && w !== '_')) {
        if (local.has(word) || settings.has(word) || new RegExp(`\\b${word}\\b`).test(said)) continue
        leaks.push(`${part}: ${name} sets ${word}`)
      }
    }
  assert.equal(leaks, [])
})

test('the program restarts the units of the table, and knows no others but those that it starts, stops or asks', () => {
  const made = printRestarts()
  for (const { name, restartOn } of units) assert.is(made.includes(` ${name}`), restartOn !== undefined, name)
  const shared = [...texts].filter(([part]) => !part.startsWith('fetch/')).map(([, text]) => text)
  const text = shared.join('\n').replace(/^ *#.*$/gm, '')
  const named = [
    ...text.matchAll(/\b(?:linkerd|mesh-machine|spire)-[a-z-]+\.(?:service|timer|path|target)\b/g),
  ]
  assert.equal([...new Set(named.map(([name]) => name))].sort(), [
    'linkerd-dns-hosts.service',
    'linkerd-dns-hosts.timer',
    'linkerd-dns-link.service',
    'linkerd-dns.service',
    'linkerd-mesh-routes.service',
    'linkerd-mesh.target',
    'linkerd-proxy.service',
    'linkerd-redirect-assert.timer',
    'linkerd-redirect-early.service',
    'linkerd-redirect.service',
    'mesh-machine-enroll.service',
    'mesh-machine-join.timer',
    'spire-agent.service',
    'spire-server.service',
  ])
})

test('each program knows the failures that it ends with', () => {
  for (const [program, text] of shareFailures(`${partsFolder}/..`))
    assert.match(
      text,
      /^mesh-machine(-fetch)?\.sh$/.test(program) ? /^describe_failure\(\)/ : /^describe_own_failure\(\)/,
    )
})

test.run()

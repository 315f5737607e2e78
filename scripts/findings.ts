// Reads templates/mesh-machine/findings/: what the doctor finds on a machine, as the shell's text, as the ids that the schema
// of its output has, and as the page docs/doctor.md.
import { readdirSync, readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { findTextFaults, prose, quoteText } from './failures.ts'

/** What explains what: a finding of one stage is told before those of the next, so that the first one is the cause. */
const stages = [
  'files',
  'clock',
  'kernel',
  'names',
  'route',
  'agent',
  'server',
  'identity',
  'proxy',
  'certificate',
  'redirect',
  'mesh',
  'traffic',
  'later',
] as const

/** The files of the folder, in this order, with the headings that they have on the page. */
const sections: Readonly<Record<string, string>> = {
  host: 'The machine',
  way: 'The way to the mesh',
  identity: 'The identity',
}

/** Something that is wrong on a machine. Texts name a value as `{name}`. */
export interface Finding {
  readonly id: string
  readonly stage: string
  /** Heading of its section. */
  readonly section: string
  /** Names of the values, in the order in which the shell hands them over. */
  readonly values: readonly string[]
  readonly what: string
  readonly cause: string
  readonly evidence: string
  readonly next: string
}

type Entry = Partial<Omit<Finding, 'id' | 'section'>>

const texts = ['what', 'cause', 'evidence', 'next'] as const

/** All findings, in the order in which they are told. Throws for an entry that is not whole, and for a value that no text names. */
export function readFindings(templates: string): Finding[] {
  const folder = `${templates}/mesh-machine/findings`
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
  for (const name of names)
    if (sections[name] === undefined) throw new Error(`${folder}: what is ${name}.yaml?`)
  const findings = Object.keys(sections)
    .filter((name) => names.includes(name))
    .flatMap((name) => readSection(`${folder}/${name}.yaml`, sections[name] ?? name))
  const ids = new Set(findings.map(({ id }) => id))
  if (ids.size < findings.length) throw new Error(`${folder}: two findings have one id`)
  return stages.flatMap((stage) => findings.filter((finding) => finding.stage === stage))
}

function readSection(file: string, section: string): Finding[] {
  const entries = (load(readFileSync(file, 'utf8')) ?? {}) as Record<string, Entry>
  return Object.entries(entries).map(([id, { stage, values = [], what, cause, evidence, next }]) => {
    const finding = {
      id,
      stage: `${stage}`,
      section,
      values,
      what: `${what}`,
      cause: `${cause}`,
      evidence: `${evidence}`,
      next: `${next}`,
    }
    const faults = findTextFaults(finding, texts)
    if (!(stages as readonly string[]).includes(finding.stage)) faults.push(`"${stage}" is no stage`)
    for (const fault of faults) throw new Error(`${file}: ${id}: ${fault}`)
    return finding
  })
}

/** Ids of the findings that shell text notes: `finding ID`, and `would_refuse IDS CHECK` where a check of another program does. */
export function calledFindings(shell: string): Set<string> {
  const calls = shell.matchAll(/\b(?:finding ([a-z][a-z-]*)|would_refuse (?:'([a-z -]+)'|([a-z-]+)))/g)
  return new Set([...calls].flatMap(([, id, ids, only]) => (id ?? ids ?? only ?? '').split(' ')))
}

/**
 * The shell's function `describe_finding`, which sets `rank`, `what`, `cause`, `evidence` and `next` of a finding by its id and
 * values; what is told first has the lowest rank. Throws for a finding that nothing in the shell text notes, and for one that it
 * notes and nobody knows.
 */
export function printFindings(findings: readonly Finding[], shell: string): string {
  const called = calledFindings(shell)
  for (const { id } of findings) if (!called.delete(id)) throw new Error(`findings: nothing finds ${id}`)
  for (const id of called) throw new Error(`findings: there is no ${id}`)
  const cases = findings.map((finding, rank) => {
    const words = texts.map((key) => `${key}=${quoteText(finding[key], finding.values)}`)
    return `    ${finding.id}) rank=${100 + rank} ${words.join(' ')} ;;`
  })
  return `describe_finding() {\n  case $1 in\n${cases.join('\n')}\n    *) return 1 ;;\n  esac\n}\n`
}

/** docs/doctor.md. */
export function renderFindings(findings: readonly Finding[]): string {
  const lines = [
    '<!-- Generated from templates/mesh-machine/findings/. Do not edit. -->',
    '# The doctor',
    '',
    '`mesh-machine-doctor`, as root on a machine, says what is wrong: what, the cause, the evidence, and what to do next. What explains other findings',
    'stands before them, so begin with the first. Where nothing is wrong it says so in one line. It changes nothing, prints no key and no token, and ends within 20 s.',
    '`mesh-machine redirect check` tries connections through the rules ([redirect.md](redirect.md#on-the-machine)).',
    '',
    '```text',
    'mesh-machine-doctor [--before] [--json | --changes | --bundle [FILE]]',
    '```',
    '',
    '`--before` looks from the files alone, on a machine that has not joined: at what `mesh-machine install` would refuse or trip over.',
    '',
    '`--json` prints the same for programs, as [`schemas/doctor.v1.schema.json`](../schemas/doctor.v1.schema.json) says. The ids stay the same across',
    'releases; words may change. What it could not look at is under `unchecked`: with an `existing` agent whether that is attested, and with',
    'selectors by path or checksum which identities it gives, since only the proxy itself would get them.',
    '',
    '`--changes` prints what is new since the last look with it, and what is gone. `mesh-machine-doctor.timer` runs it every ten minutes, from two minutes after the',
    'boot: `journalctl -u mesh-machine-doctor`. Its memory is `/run/mesh-machine/doctor`, so after a reboot all findings are new.',
    '',
    '`--bundle` writes an archive for whoever helps, readable by root alone, to FILE or `/run/mesh-machine/support.tar.gz`: findings, status, states and journal of our units,',
    'rules, routes, listeners, the resolver, our files and the metrics of the proxy. No join token, no private key, and no password of an address or of `*_HTTP_PROXY` is in it. It',
    'does tell names and addresses of your site: read it before you give it away.',
    '',
    '**What a look costs.** On a healthy machine, measured on two cores of a server: 0.8 s, 1.5 s beside other work, 1.2 s of processor time, some 600 short processes, some 85 packets',
    '(look-ups of the names of the control plane, connections to it and to the SPIRE server; the rest is loopback), some 70 files read and none written.',
    'Where nothing answers each question has a bound of its own,',
    'and all are asked side by side.',
    '',
    '| exit | |',
    '|---|---|',
    '| 0 | nothing is wrong |',
    '| 1 | something is |',
    '| 2 | wrong usage, not root, or no machine of ours: it could not look |',
    '',
    'With `--changes` and `--bundle` it is 0 whatever is found.',
    '',
    'User-data for EC2, DigitalOcean, Hetzner and OCI has no room for it ([`doctor-left-out`](diagnostics.md#doctor-left-out)): copy',
    '`/usr/local/sbin/mesh-machine-doctor` of the target `systemd` there when you need it. Words in angle brackets stand for what is found.',
    '',
    ...Object.values(sections).flatMap((section) => renderIndex(section, findings)),
    ...findings.flatMap(({ id, what, cause, evidence, next }) => [
      `## ${id}`,
      '',
      prose(what),
      '',
      `**Cause:** ${prose(cause)}`,
      '',
      ...(/^\{[a-z]+\}$/.test(evidence) ? [] : [`**Evidence:** ${prose(evidence)}`, '']),
      `**Next:** ${/^\{[a-z]+\}$/.test(next) ? 'as it says' : prose(next)}`,
      '',
    ]),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

function renderIndex(section: string, findings: readonly Finding[]): string[] {
  const here = findings.filter((finding) => finding.section === section)
  if (here.length === 0) return []
  const rows = here.map(({ id, what }) => `| [${id}](#${id}) | ${prose(what).replaceAll('|', '\\|')} |`)
  return [`| ${section.toLowerCase()} | |`, '|---|---|', ...rows, '']
}

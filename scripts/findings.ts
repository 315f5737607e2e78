// Reads templates/mesh-machine/findings.yaml: what the doctor finds on a machine, as the shell's text, as the ids that the schema
// of its output has, and as the page docs/doctor.md.
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { findTextFaults, prose, quoteText } from './failures.ts'

/** Something that is wrong on a machine. Texts name a value as `{name}`. */
export interface Finding {
  readonly id: string
  /** Names of the values, in the order in which the shell hands them over. */
  readonly values: readonly string[]
  readonly what: string
  readonly cause: string
  readonly evidence: string
  readonly next: string
}

const texts = ['what', 'cause', 'evidence', 'next'] as const

/** All findings, in the order of the file. Throws for an entry that is not whole, and for a value that no text names. */
export function readFindings(templates: string): Finding[] {
  const file = `${templates}/mesh-machine/findings.yaml`
  const entries = load(readFileSync(file, 'utf8')) as Record<string, Partial<Omit<Finding, 'id'>>>
  return Object.entries(entries).map(([id, { values = [], what, cause, evidence, next }]) => {
    const finding = {
      id,
      values,
      what: `${what}`,
      cause: `${cause}`,
      evidence: `${evidence}`,
      next: `${next}`,
    }
    for (const fault of findTextFaults(finding, texts)) throw new Error(`${file}: ${id}: ${fault}`)
    return finding
  })
}

/** Ids of the findings that shell text notes: `finding ID`. */
export function calledFindings(shell: string): Set<string> {
  return new Set([...shell.matchAll(/\bfinding ([a-z][a-z-]*)/g)].map(([, id = '']) => id))
}

/**
 * The shell's function `describe_finding`, which sets `what`, `cause`, `evidence` and `next` of a finding by its id and values.
 * Throws for a finding that nothing in the shell text notes, and for one that it notes and nobody knows.
 */
export function printFindings(findings: readonly Finding[], shell: string): string {
  const called = calledFindings(shell)
  for (const { id } of findings) if (!called.delete(id)) throw new Error(`findings.yaml: nothing finds ${id}`)
  for (const id of called) throw new Error(`findings.yaml has no ${id}`)
  const cases = findings.map((finding) => {
    const words = texts.map((key) => `${key}=${quoteText(finding[key], finding.values)}`)
    return `    ${finding.id}) ${words.join(' ')} ;;`
  })
  return `describe_finding() {\n  case $1 in\n${cases.join('\n')}\n    *) return 1 ;;\n  esac\n}\n`
}

/** docs/doctor.md. */
export function renderFindings(findings: readonly Finding[]): string {
  const lines = [
    '<!-- Generated from templates/mesh-machine/findings.yaml. Do not edit. -->',
    '# The doctor',
    '',
    '`mesh-machine-doctor`, as root on a machine, says what is wrong with its identity: what, the cause, the evidence, and what to do next. Where nothing is',
    'wrong it says so in one line. It changes nothing, prints no key and no token, and ends within 20 s. `mesh-machine redirect check` looks at rules',
    'and connections ([redirect.md](redirect.md#on-the-machine)).',
    '',
    '`--json` prints the same for programs, as [`schemas/doctor.v1.schema.json`](../schemas/doctor.v1.schema.json) says. The ids stay the same across',
    'releases; words may change. What it could not look at is under `unchecked`: with an `existing` agent whether that is attested, and with',
    'selectors by path or checksum which identities it gives, since only the proxy itself would get them.',
    '',
    '| exit | |',
    '|---|---|',
    '| 0 | nothing is wrong |',
    '| 1 | something is |',
    '| 2 | wrong usage, not root, or no machine of ours: it could not look |',
    '',
    'User-data for EC2, DigitalOcean, Hetzner and OCI has no room for it ([`doctor-left-out`](diagnostics.md#doctor-left-out)): copy',
    '`/usr/local/sbin/mesh-machine-doctor` of the target `systemd` there when you need it. Words in angle brackets stand for what is found.',
    '',
    '| id | what |',
    '|---|---|',
    ...findings.map(({ id, what }) => `| [${id}](#${id}) | ${prose(what).replaceAll('|', '\\|')} |`),
    '',
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

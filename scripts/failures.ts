// Reads templates/mesh-machine/failures.yaml: the failures of the programs on a machine, as the shell's text, as the ids that
// the schema of the status has, and as the page docs/failures.md.
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'

/** A way in which a program on the machine ends. Texts name a value as `{name}`. */
export interface Failure {
  readonly id: string
  /** Exit status of the program. */
  readonly exit: number
  /** Names of the values, in the order in which the shell hands them over. */
  readonly values: readonly string[]
  readonly what: string
  readonly meaning: string
  readonly remedy: string
}

const texts = ['what', 'meaning', 'remedy'] as const

/** All failures, in the order of the file. Throws for an entry that is not whole, and for a value that no text names. */
export function readFailures(templates: string): Failure[] {
  const file = `${templates}/mesh-machine/failures.yaml`
  const entries = load(readFileSync(file, 'utf8')) as Record<string, Partial<Omit<Failure, 'id'>>>
  return Object.entries(entries).map(([id, { exit, values = [], what, meaning, remedy }]) => {
    const failure = {
      id,
      exit: Number(exit),
      values,
      what: `${what}`,
      meaning: `${meaning}`,
      remedy: `${remedy}`,
    }
    for (const fault of findFaults(failure)) throw new Error(`${file}: ${id}: ${fault}`)
    return failure
  })
}

function findFaults(failure: Failure): string[] {
  const faults = findTextFaults(failure, texts)
  if (![1, 2, 3, 4, 5, 6, 7].includes(failure.exit)) faults.push(`${failure.exit} is no exit status of ours`)
  return faults
}

/** What is wrong with an entry of a list of words for the shell. */
export function findTextFaults<K extends string>(
  entry: Readonly<Record<K | 'id', string>> & { readonly values: readonly string[] },
  keys: readonly K[],
): string[] {
  const faults: string[] = []
  const lines = keys.map((key): string => entry[key])
  if (!/^[a-z]+(-[a-z]+)*$/.test(entry.id)) faults.push('an id has lower-case letters and hyphens')
  if (entry.values.length > 8) faults.push('the shell has one digit for a value')
  for (const [index, line] of lines.entries())
    if (!/^[ -~]+$/.test(line) || line === 'undefined') faults.push(`"${keys[index]}" is no line of ASCII`)
  const named = new Set(lines.flatMap((line) => [...line.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => name)))
  for (const name of entry.values) if (!named.delete(name)) faults.push(`no text has the value ${name}`)
  for (const name of named) faults.push(`{${name}} is none of the values`)
  return faults
}

/** Ids of the failures that shell text ends with: `fail ID`. */
export function calledFailures(shell: string): Set<string> {
  return new Set([...shell.matchAll(/\bfail ([a-z][a-z-]*)/g)].map(([, id = '']) => id))
}

/**
 * The shell's function `name`, which sets `exit_code`, `what`, `meaning` and `remedy` of a failure by its id and values, and
 * asks `otherwise` about all that it does not know.
 */
export function printFailures(name: string, failures: readonly Failure[], otherwise?: string): string {
  const bodies = new Map<string, string[]>()
  for (const failure of failures) {
    const body = printBody(failure)
    bodies.set(body, [...(bodies.get(body) ?? []), failure.id])
  }
  const cases = [...bodies].map(([body, ids]) => `${ids.join(' | ')}) ${body} ;;`)
  const last = otherwise === undefined ? [] : [`*) ${otherwise} "$@"; return ;;`]
  const lines = ['case $1 in', ...[...cases, ...last].map((line) => `  ${line}`), 'esac', assign]
  return `${name}() {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`
}

const assign = 'exit_code=$1 what=$2 meaning=$3 remedy=$4'

function printBody(failure: Failure): string {
  return ['set --', failure.exit, ...texts.map((key) => quoteText(failure[key], failure.values))].join(' ')
}

/** Between double quotes, each value as the parameter that it is: the id is `$1`. */
export function quoteText(text: string, values: readonly string[]): string {
  const escaped = text.replace(/[\\"$`]/g, '\\$&')
  return `"${escaped.replace(/\{([a-z]+)\}/g, (_, name: string) => `$${values.indexOf(name) + 2}`)}"`
}

const statuses: Readonly<Record<number, string>> = {
  1: 'a step failed',
  2: 'wrong usage, or not root',
  3: 'refused: something on this machine has to change first',
  4: 'download or unpacking failed',
  5: 'not joined yet',
  6: 'the rules are not as they should be',
  7: 'an upgrade was rolled back',
}

/** docs/failures.md. */
export function renderFailures(failures: readonly Failure[]): string {
  const lines = [
    '<!-- Generated from templates/mesh-machine/failures.yaml. Do not edit. -->',
    '# Failures',
    '',
    'How a run of `mesh-machine`, `mesh-machine-certificate`, `mesh-machine-check`, `mesh-machine-upgrade`, or of `prepare` and `seal` of an image ends when it does not',
    'come through: on stderr, and so in',
    "the journal or in cloud-init's log, and as `failure` (`undone` for an upgrade) in `/run/mesh-machine/status.json`. The id stays the same",
    'across releases; words may change. Words in angle brackets stand for what is found on the machine. With exit 3 and 4 nothing that runs',
    'was changed. [machine.md](machine.md#commands) says what is tried again, and when.',
    '',
    '| id | exit | what |',
    '|---|---|---|',
    ...failures.map(({ id, exit, what }) => `| [${id}](#${id}) | ${exit} | ${cell(what)} |`),
    '',
    ...failures.flatMap(({ id, exit, what, meaning, remedy }) => [
      `## ${id}`,
      '',
      `*${exit}: ${statuses[exit]}* - ${prose(what)}`,
      '',
      `**It means:** ${prose(meaning)}`,
      '',
      `**To do:** ${prose(remedy)}`,
      '',
    ]),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

/** A text as Markdown. */
export function prose(text: string): string {
  return text
    .replace(/[*_[\]`]/g, '\\$&')
    .replaceAll('<', '&lt;')
    .replace(/\{([a-z]+)\}/g, '&lt;$1>')
}

function cell(text: string): string {
  return prose(text).replaceAll('|', '\\|')
}

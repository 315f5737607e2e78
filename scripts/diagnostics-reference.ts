// Renders the catalogue of diagnostics as the Markdown of docs/diagnostics.md: one section for each code, in the
// order of the catalogue.
import { catalogue } from '../lib/diagnostics/catalogue.ts'
import type { Severity } from '../lib/diagnostics/diagnostic.ts'
import { explanations } from '../lib/diagnostics/explanations.ts'

interface Entry {
  readonly code: string
  readonly severity: Severity
  readonly about: string
  readonly message: string
  readonly help: string
}

const severities: Readonly<Record<Severity, string>> = {
  error: 'Nothing is generated while the document has an error.',
  warning: 'The document works, but probably not as meant. With `--strict`, warnings stop generation too.',
  info: 'Worth knowing; it never stops anything.',
}

/** The whole reference as Markdown in plain ASCII, the same text for the same catalogue. */
export function renderDiagnosticsReference(): string {
  const entries = readCatalogue()
  const lines = [
    '<!-- Generated from lib/diagnostics. Do not edit. -->',
    '# Diagnostics',
    '',
    'Every finding has a code that stays the same across releases; its wording may change. Words in angle brackets',
    'stand for what the document says.',
    '',
    ...(Object.keys(severities) as Severity[]).map(
      (severity) => `- **${severity}**: ${severities[severity]}`,
    ),
    '',
    '| code | severity | message |',
    '|---|---|---|',
    ...entries.map(
      ({ code, severity, message }) => `| [${code}](#${code}) | ${severity} | ${cell(prose(message))} |`,
    ),
    '',
    ...entries.flatMap(renderEntry),
  ]
  return ascii(`${lines.join('\n').trimEnd()}\n`)
}

function renderEntry({ code, severity, about, message, help }: Entry): string[] {
  return [
    `<a id="${code}"></a>`,
    '',
    `## ${code}`,
    '',
    `*${severity}* - ${prose(message)}`,
    '',
    prose(about),
    '',
    `**Remedy:** ${prose(help)}`,
    '',
  ]
}

/** The one place that knows where the catalogue keeps what. */
function readCatalogue(): Entry[] {
  return (Object.keys(catalogue) as (keyof typeof catalogue)[]).map((code) => {
    const entry = catalogue[code] as unknown as {
      readonly severity: Severity
      readonly message: (args: unknown) => string
      readonly help: (args: unknown) => string
    }
    return {
      code,
      severity: entry.severity,
      about: explanations[code],
      message: entry.message(placeholders),
      help: entry.help(placeholders),
    }
  })
}

const lists = ['allowed', 'machines', 'known', 'targets', 'files', 'fields', 'built', 'platforms']

/** What makes a message of its own where it is there; the page has the usual one. */
const absent = ['suggestion', 'ipv4', 'compressed', 'repaired', 'elsewhere']

/** Stands for the values of any message: the name of each in angle brackets. */
const placeholders: unknown = new Proxy(
  {},
  {
    get: (_, name) => {
      if (absent.includes(String(name))) return undefined
      return lists.includes(String(name)) ? [`<${String(name)}>`] : `<${String(name)}>`
    },
  },
)

/** Markdown code spans stay as they are; outside them, what could be HTML or emphasis does not. */
function prose(text: string): string {
  return text
    .split('`')
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replaceAll('&', '&amp;')
            .replaceAll('<', '&lt;')
            .replace(/[*_[\]]/g, '\\$&'),
    )
    .join('`')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function ascii(text: string): string {
  return text.replaceAll(/[^\n -~]/gu, (char) => `&#x${(char.codePointAt(0) ?? 0).toString(16)};`)
}

/**
 * Readers of what we write, made from the descriptions of the formats and not from our writers. They know no more than
 * they must: text that a careful writer would not make is refused.
 */

/** systemd's EnvironmentFile= (systemd.exec(5)): comments, and values in single quotes, in which nothing is special. */
export function readEnvironment(text: string): Map<string, string> {
  const values = new Map<string, string>()
  let rest = text
  while (rest !== '') {
    const comment = /^#[^\n]*\n/.exec(rest)
    const entry = /^([A-Za-z_][A-Za-z0-9_]*)='([^'\\]*)'\n/.exec(rest)
    if (comment === null && entry === null) throw new Error(`no environment file: ${rest.slice(0, 60)}`)
    const [whole, name, value] = entry ?? comment ?? ['']
    if (name !== undefined && value !== undefined) {
      if (values.has(name)) throw new Error(`${name} is there twice`)
      values.set(name, value)
    }
    rest = rest.slice(whole.length)
  }
  return values
}

/** A file of POSIX sh that is assignments alone: words of single-quoted parts and of `\'`. */
export function readAssignments(text: string): Map<string, string> {
  const values = new Map<string, string>()
  let rest = text
  while (rest !== '') {
    const comment = /^#[^\n]*\n/.exec(rest)
    const entry = /^([A-Z_][A-Z0-9_]*)=((?:'[^']*'|\\')*)\n/.exec(rest)
    if (comment === null && entry === null) throw new Error(`no assignments: ${rest.slice(0, 60)}`)
    const [whole, name, word] = entry ?? comment ?? ['']
    if (name !== undefined && word !== undefined) values.set(name, readWord(word))
    rest = rest.slice(whole.length)
  }
  return values
}

/** One word of sh, of single-quoted parts and `\'` alone. */
export function readWord(word: string): string {
  let value = ''
  for (const [part, quoted] of word.matchAll(/'([^']*)'|\\'/g)) value += part === "\\'" ? "'" : (quoted ?? '')
  return value
}

/** The rules of an iptables-restore file, as words; comments and the frame are left out. */
export function readRules(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => /^-[AI] /.test(line))
    .map((line) => line.split(' '))
}

/** A unit file (systemd.syntax(7)) without quoting: sections, keys and all the values of each. */
export function readUnit(text: string): Map<string, string[]> {
  const values = new Map<string, string[]>()
  let section = ''
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const header = /^\[([A-Za-z]+)\]$/.exec(line)?.[1]
    if (header !== undefined) {
      section = header
      continue
    }
    const entry = /^([A-Za-z0-9]+)=(.*)$/.exec(line)
    if (entry === null || section === '' || line.endsWith('\\')) throw new Error(`no unit file: ${line}`)
    const key = `${section}.${entry[1]}`
    values.set(key, [...(values.get(key) ?? []), entry[2] ?? ''])
  }
  return values
}

/** A double-quoted word of a unit file (systemd.syntax(7), "Quoting"): C escapes, and `%%` for `%`. */
export function readUnitWord(word: string): string {
  const inner = /^"(.*)"$/s.exec(word)?.[1]
  if (inner === undefined || /[\n\r\0]/.test(inner)) throw new Error(`no quoted word: ${word}`)
  return inner.replace(/%(.?)|\\(x[0-9a-f]{2}|.?)|"/gs, (found, percent?: string, code?: string) => {
    if (found === '%%') return '%'
    if (code === '"' || code === '\\') return code
    if (code === 'n') return '\n'
    if (code?.startsWith('x')) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    throw new Error(`what is ${found} (${percent ?? ''})?`)
  })
}

import { EscapeError } from './refusal.ts'

/** A value in YAML that Ansible reads: it would be a template where it holds the start of one. */
export function refuseJinja(text: string): string {
  if (/\{[{%#]/.test(text)) throw new EscapeError('Ansible value', 'start of a Jinja expression')
  return text
}

/** A Jinja template whose expressions and blocks are these alone: all else in it has to be inert. */
export function checkJinjaTemplate(template: string, own: readonly string[]): string {
  refuseJinja(own.reduce((text, expression) => text.replaceAll(expression, ''), template))
  return template
}

/** A string of Jinja, in its quotes. */
export function quoteJinja(text: string): string {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new EscapeError('Jinja string', 'control or non-ASCII character')
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}

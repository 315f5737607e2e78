import { refuseControls } from './refusal.ts'

/** Text in Markdown that must show as it is, outside code. */
export function escapeMarkdown(text: string): string {
  return refuseControls('markdown', text).replace(/[\\`*_{}[\]()#+!|<>~]/g, '\\$&')
}

/** A code span: the fence is longer than any run of backticks inside. */
export function escapeMarkdownCode(text: string): string {
  refuseControls('markdown code', text)
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = text.startsWith('`') || text.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${text.replaceAll('|', '\\|')}${pad}${fence}`
}

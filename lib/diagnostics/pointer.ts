/** Appends one key or index to a JSON Pointer (RFC 6901). */
export function pointer(base: string, ...tokens: readonly (string | number)[]): string {
  let path = base
  for (const token of tokens) path += `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`
  return path
}

/** The keys of a JSON Pointer, unescaped. */
export function pointerTokens(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** A pointer as people read it: `machines[0].ports[1].name`. */
export function readablePath(path: string): string {
  if (path === '') return 'document'
  let text = ''
  for (const token of pointerTokens(path)) {
    if (/^(0|[1-9][0-9]*)$/.test(token)) text += `[${token}]`
    else text += text === '' ? token : `.${token}`
  }
  return text
}

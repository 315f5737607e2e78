/** True for the place of a secret: no message repeats what stands there, right or wrong. */
export function isSecretPath(path: string): boolean {
  return /Token(\/|$)/.test(path)
}

/** True for a private key or the lines of one without the first: either may be pasted anywhere, and nothing repeats it. */
export function isKeyLike(text: string): boolean {
  if (/^-----BEGIN [A-Z0-9 ]+-----$/.test(text)) return false // a first line alone tells nothing
  const run = /[A-Za-z0-9+/=]{40,}/.exec(text)?.[0]
  return text.includes('-----BEGIN') || (run !== undefined && !/^[0-9a-f]+$/i.test(run))
}

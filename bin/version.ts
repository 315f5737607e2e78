import { createRequire } from 'node:module'

/** The version of the package; both `bin/` and `dist/bin/` lie within it. */
export const version: string = readVersion()

function readVersion(): string {
  const require = createRequire(import.meta.url)
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = require(path) as { name?: string; version?: string }
      if (name === 'meshjoin' && version !== undefined) return version
    } catch {
      // one level further up
    }
  }
  throw new Error('the package is damaged: no package.json')
}

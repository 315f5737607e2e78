/**
 * The whole tier: each file in a process of its own, two at a time, since most of them keep one core busy. The longest go
 * first, so that none is left over at the end.
 *
 * Usage: node --import tsx test/oracle/all.ts
 */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runSideBySide } from '../side-by-side.ts'

const folder = import.meta.dirname
const longest = ['hostile', 'redirect/kernel', 'ansible/hosts', 'ansible/hostile', 'redirect/live', 'upgrade']

process.exitCode = 1 // stays so where nothing comes to its end
// What all of them need, before two ask for it at once.
execFileSync(join(folder, 'setup.sh'), { stdio: ['ignore', 'inherit', 'inherit'] })
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => name.slice(0, -'.test.ts'.length))
const ordered = [...new Set([...longest.filter((name) => files.includes(name)), ...files.sort()])]

await runSideBySide(
  ordered.map((name) => ({ name, folder, pattern: `^${name}\\.test\\.ts$` })),
  2,
)

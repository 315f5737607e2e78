/**
 * The whole tier: each file in a process of its own, two at a time, since most of them keep one core busy. The longest go
 * first, so that none is left over at the end.
 *
 * Usage: node --import tsx test/oracle/all.ts
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parse } from 'uvu/parse'
import { runSideBySide } from '../side-by-side.ts'

const folder = import.meta.dirname
const longest = [
  'hostile',
  'redirect/kernel',
  'ansible/hosts',
  'ansible/hostile',
  'redirect/live',
  'upgrade',
  'kubernetes/crowd',
  'kubernetes',
]

// What all of them need, before two ask for it at once.
execFileSync(join(folder, 'setup.sh'), { stdio: ['ignore', 'inherit', 'inherit'] })
const { suites } = await parse(folder, /\.test\.ts$/)
const names = suites.map(({ name }) => name.slice(0, -'.test.ts'.length))
const ordered = new Set([...longest.filter((name) => names.includes(name)), ...names])

await runSideBySide(
  Array.from(ordered, (name) => ({ name, folder, pattern: `^${name}\\.test\\.ts$` })),
  2,
)

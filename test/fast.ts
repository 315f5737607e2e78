/**
 * The fast tier, in two processes side by side: tests of the command line's writing, which start hundreds of processes and
 * wait for them, and all others, which compute.
 *
 * Usage: node --import tsx test/fast.ts
 */
import { fileURLToPath } from 'node:url'
import { runSideBySide } from './side-by-side.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
const others = 'purity|property|packaging|golden|docs'

await runSideBySide([
  { name: 'bin', folder, pattern: '^unit/bin/.*\\.test\\.ts$' },
  { name: 'lib', folder, pattern: `^(unit/(?!bin/)|(${others})/).*\\.test\\.ts$` },
])

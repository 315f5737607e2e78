/**
 * The fast tier, in three processes side by side that take about as long: tests of the command line, of the documentation and of
 * the prober, which start hundreds of processes and wait for them, those of one module each, and all others, which compute.
 *
 * Usage: node --import tsx test/fast.ts
 */
import { fileURLToPath } from 'node:url'
import { runSideBySide } from './side-by-side.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
const others = 'purity|property|packaging|golden'

await runSideBySide([
  { name: 'bin', folder, pattern: '^(unit/bin|docs|prober)/.*\\.test\\.ts$' },
  { name: 'unit', folder, pattern: '^unit/(?!bin/).*\\.test\\.ts$' },
  { name: 'whole', folder, pattern: `^(${others})/.*\\.test\\.ts$` },
])

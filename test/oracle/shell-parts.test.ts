/** The fast tier's questions to the parts of the machine's program, in the shells that a machine may have as `sh`. */
import { testFilters } from '../unit/mesh-machine/filters.ts'
import { testMetrics } from '../unit/mesh-machine/metrics.ts'

for (const [title, shell] of [
  ['dash', ['dash']],
  ['busybox', ['busybox', 'sh']],
  ['bash --posix', ['bash', '--norc', '--posix']],
] as const) {
  testFilters(title, shell).run()
  testMetrics(title, shell).run()
}

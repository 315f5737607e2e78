/** The fast tier's questions to the parts of the machine's program, in the shells that a machine may have as `sh`. */
import { testFilters } from '../unit/mesh-machine/filters.ts'

testFilters('dash', ['dash']).run()
testFilters('busybox', ['busybox', 'sh']).run()
testFilters('bash --posix', ['bash', '--norc', '--posix']).run()

import { testFilters } from './filters.ts'

testFilters('sh', ['sh']).run()

import { testMetrics } from './metrics.ts'

testMetrics('sh', ['sh']).run()

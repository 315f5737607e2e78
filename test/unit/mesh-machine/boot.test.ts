import { testBoot } from './boot.ts'

testBoot('sh', ['sh']).run()

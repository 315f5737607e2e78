#!/usr/bin/env node
import { hideBin } from 'yargs/helpers'
import { main } from './cli.ts'

process.exitCode = await main(hideBin(process.argv))

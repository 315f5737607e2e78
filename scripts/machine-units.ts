// The units that mesh-machine restarts, from the table that knows them all.
import { units } from '../lib/files/units.ts'
import type { RestartFile } from '../lib/kinds/unit.ts'

const programs: Readonly<Record<string, string>> = { proxy: '"$(proxy_path)"', agent: '"$(agent_path)"' }

/** The shell's function `restart_units`: each unit that is here and has other files than at its last start. */
export function printRestarts(): string {
  const lines = units.flatMap(({ name, restartOn }) => {
    if (restartOn === undefined) return []
    const call = ['restart_changed', name, ...restartOn.map(printFile)].join(' ')
    // An agent that is not ours may have a unit of this name, and no program that we know.
    return restartOn.includes('agent') ? `! owns_agent || ${call}` : call
  })
  return `restart_units() {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`
}

function printFile(file: RestartFile): string {
  const program = programs[file]
  if (program !== undefined) return program
  if (!/^[\w./*-]+$/.test(file)) throw new Error(`${file} would have to be quoted`)
  return file
}

// Joins the parts below templates/mesh-machine/ into the programs of a machine: one file each, the same for every machine.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The parts of each program in the order in which they are joined: first what it is and what it sets, last what it does.
 * Between these a part calls what stands above it.
 */
export const programs: Readonly<Record<string, readonly string[]>> = {
  'mesh-machine.sh': [
    'settings',
    'log',
    'facts',
    'proxy',
    'redirect/tables',
    'redirect/rules',
    'backends/iptables',
    'ssh-guard',
    'resolver',
    'ports',
    'redirect/switch',
    'redirect/watch',
    'download',
    'status',
    'gate',
    'users',
    'preflight',
    'known-good',
    'install',
    'leave',
    'main',
  ],
  'mesh-machine-doctor.sh': [
    'doctor/settings',
    'doctor/probe',
    'doctor/before',
    'doctor/check',
    'doctor/main',
  ],
  'mesh-machine-upgrade.sh': ['upgrade/settings', 'upgrade/upgrade', 'upgrade/main'],
}

/** Where the parts lie below the folder of templates. */
export const partsFolder = 'mesh-machine'

/** Every program as the text that machines get, by its name. Throws for a part that no program has. */
export function joinPrograms(templates: string): Map<string, string> {
  const folder = join(templates, partsFolder)
  const used = new Set(Object.values(programs).flat())
  for (const file of listParts(folder))
    if (!used.has(file))
      throw new Error(`${folder}/${file}.sh is a part of no program: scripts/machine-program.ts`)
  return new Map(
    Object.entries(programs).map(([name, parts]) => [
      name,
      withoutComments(parts.map((part) => readFileSync(join(folder, `${part}.sh`), 'utf8')).join('\n')),
    ]),
  )
}

/** Names of all parts below a folder, without their ending. */
export function listParts(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.sh'))
    .map((file) => file.slice(0, -'.sh'.length))
    .sort()
}

/**
 * A shell command without its comment lines, but for those at its top, which are its usage text; without braces around
 * names that need none; and indented by as little as shows its blocks. The machine's copy travels in user-data, where
 * every platform counts bytes; this repository keeps all of it. What shellcheck was told about single lines, the copy
 * tells it once.
 */
export function withoutComments(script: string): string {
  const end = script.indexOf('\n\n')
  const told = [...script.matchAll(/^ *# shellcheck disable=(.*)$/gm)].flatMap(([, codes = '']) =>
    codes.split(','),
  )
  const body = script
    .slice(end)
    .replace(/^ *#.*\n/gm, '')
    .replace(/\n{2,}/g, '\n')
    .replace(/^(?: {2})+/gm, (indent) => ' '.repeat(indent.length / 2))
    .replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}(?![A-Za-z0-9_])/g, '$$$1')
  const directive = told.length === 0 ? '' : `\n# shellcheck disable=${[...new Set(told)].sort().join(',')}`
  return `${script.slice(0, end)}\n${directive}${body}`
}

// Joins the parts below templates/mesh-machine/ into the programs of a machine: one file each, the same for every machine.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { calledFailures, printFailures, readFailures } from './failures.ts'
import { printFindings, readFindings } from './findings.ts'
import { printPackages } from './machine-packages.ts'
import { printRestarts } from './machine-units.ts'

/**
 * The parts of each program in the order in which they are joined: first what it is and what it sets, last what it does.
 * Between these a part calls what stands above it, and nothing below. `failures`, `findings`,
 * `packages` and `units` have no file: they are made of failures.yaml, of findings/ and of the tables of packages and of units.
 */
export const programs = {
  'mesh-machine.sh': [
    'settings',
    'failures',
    'log',
    'facts',
    'proxy',
    'backends/iptables',
    'backends/nftables',
    'backends/backend',
    'resolver',
    'ssh-guard',
    'ports',
    'redirect/rules',
    'download',
    'status',
    'gate',
    'redirect/switch',
    'redirect/restore',
    'users',
    'preflight',
    'known-good',
    'restart',
    'units',
    'install',
    'leave',
    'main',
  ],
  'mesh-machine-check.sh': [
    'check/settings',
    'failures',
    'packages',
    'check/packages',
    'check/saved',
    'check/made-by-hand',
    'check/before',
    'check/fit',
    'resolver/unbound',
    'check/resolver',
    'check/link',
    'check/probe',
    'check/rules',
    'check/main',
  ],
  'mesh-machine-doctor.sh': [
    'doctor/settings',
    'findings',
    'certificate/reason',
    'doctor/report',
    'doctor/ask',
    'check/saved',
    'check/made-by-hand',
    'check/before',
    'check/fit',
    'resolver/unbound',
    'check/resolver',
    'doctor/host',
    'doctor/names',
    'doctor/routes',
    'doctor/path',
    'doctor/ports',
    'doctor/programs',
    'doctor/backends',
    'doctor/redirect',
    'doctor/identity',
    'doctor/process',
    'workload',
    'doctor/traffic',
    'doctor/agent',
    'doctor/changes',
    'doctor/bundle',
    'doctor/main',
  ],
  'mesh-machine-certificate.sh': [
    'certificate/settings',
    'failures',
    'certificate/reason',
    'certificate/control-plane',
    'certificate/certificate',
    'certificate/main',
  ],
  'mesh-machine-boot.sh': ['boot/settings', 'failures', 'boot/find', 'boot/fill', 'boot/main'],
  'mesh-machine-drain.sh': ['drain/settings', 'failures', 'drain/connections', 'drain/order', 'drain/main'],
  'mesh-machine-fetch.sh': ['fetch/settings', 'failures', 'fetch/layer', 'fetch/main'],
  'mesh-machine-metrics.sh': ['metrics/settings', 'workload', 'metrics/metrics', 'metrics/main'],
  'mesh-machine-registry.sh': [
    'registry/settings',
    'failures',
    'registry/words',
    'registry/layer',
    'registry/main',
  ],
  'mesh-machine-resolver.sh': [
    'resolver/settings',
    'failures',
    'resolver/dnsmasq',
    'resolver/unbound',
    'resolver/networkmanager',
    'resolver/dns-delegate',
    'resolver/hosts',
    'resolver/systemd-resolved',
    'resolver/hand-over',
    'resolver/main',
  ],
  'mesh-machine-server.sh': [
    'server/settings',
    'failures',
    'server/authority',
    'server/program',
    'server/enroll',
    'server/main',
  ],
  'mesh-machine-trial.sh': ['trial/settings', 'failures', 'trial/trial', 'trial/main'],
  'image-prepare.sh': [
    'image/prepare/settings',
    'failures',
    'packages',
    'check/packages',
    'image/image',
    'image/prepare/prepare',
    'image/prepare/main',
  ],
  'image-seal.sh': ['image/seal/settings', 'failures', 'image/image', 'image/seal/seal', 'image/seal/main'],
  'mesh-machine-upgrade.sh': [
    'upgrade/settings',
    'failures',
    'upgrade/restart',
    'upgrade/upgrade',
    'upgrade/main',
  ],
  'mesh-machine-token.sh': ['token/settings', 'token/token', 'token/main'],
  'mesh-machine-watch.sh': ['watch/settings', 'watch/watch', 'watch/main'],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type ProgramName = keyof typeof programs

/** Those that take the functions of mesh-machine. */
const guests = [
  'mesh-machine-boot.sh',
  'mesh-machine-certificate.sh',
  'mesh-machine-check.sh',
  'mesh-machine-drain.sh',
  'image-prepare.sh',
  'image-seal.sh',
  'mesh-machine-registry.sh',
  'mesh-machine-resolver.sh',
  'mesh-machine-server.sh',
  'mesh-machine-trial.sh',
  'mesh-machine-upgrade.sh',
] as const satisfies readonly ProgramName[]

/** Parts that are made, not read. */
const made: readonly string[] = ['failures', 'findings', 'packages', 'units']

/** Every program as the text that machines get. Throws for a part, and for a failure, that no program has. */
export function joinPrograms(templates: string): Map<ProgramName, string> {
  const folder = join(templates, 'mesh-machine')
  const names = Object.keys(programs) as ProgramName[]
  const used = new Set(names.flatMap((name): string[] => [...programs[name]]))
  for (const part of listParts(folder))
    if (!used.has(part)) throw new Error(`${folder}/${part}.sh is in no program`)
  const failures = shareFailures(templates)
  return new Map(
    names.map((name) => {
      const texts = programs[name].map((part) => {
        if (part === 'failures') return failures.get(name)
        if (part === 'findings') return printFindings(readFindings(templates), readParts(templates, name))
        if (part === 'packages') return printPackages()
        return part === 'units' ? printRestarts() : readPart(templates, part)
      })
      return [name, withoutComments(texts.join('\n'))]
    }),
  )
}

function readPart(templates: string, part: string): string {
  return readFileSync(join(templates, 'mesh-machine', `${part}.sh`), 'utf8')
}

/** The parts of a program that have files, without comments. */
function readParts(templates: string, name: ProgramName): string {
  const parts = programs[name].filter((part) => !made.includes(part))
  return parts.map((part) => readPart(templates, part).replace(/^ *#.*$/gm, '')).join('\n')
}

/**
 * The generated part of each program: the command knows the failures that it calls, and asks the program that has taken its
 * functions about all others. What fetches the mesh layer stands alone.
 */
export function shareFailures(templates: string): Map<ProgramName, string> {
  const failures = readFailures(templates)
  const called = (name: ProgramName) => calledFailures(readParts(templates, name))
  const own = called('mesh-machine.sh')
  const alone = called('mesh-machine-fetch.sh')
  const others = guests.map(
    (name) => [name, new Set([...called(name)].filter((id) => !own.has(id)))] as const,
  )
  const all = new Set([...own, ...alone, ...others.flatMap(([, ids]) => [...ids])])
  const known = new Set(failures.map(({ id }) => id))
  for (const id of known) if (!all.has(id)) throw new Error(`failures.yaml: nothing fails as ${id}`)
  for (const id of all) if (!known.has(id)) throw new Error(`failures.yaml has no ${id}`)
  const having = (ids: ReadonlySet<string>) => failures.filter(({ id }) => ids.has(id))
  return new Map([
    ['mesh-machine.sh', printFailures('describe_failure', having(own), 'describe_own_failure')],
    ['mesh-machine-fetch.sh', printFailures('describe_failure', having(alone))],
    ...others.map(([name, ids]) => [name, printFailures('describe_own_failure', having(ids))] as const),
  ])
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
 * names that need none; and without indentation, which only the lines of the status keep. The machine's copy travels in user-data, where every platform counts
 * bytes; this repository keeps all of it. What shellcheck was told stays here as well.
 */
export function withoutComments(script: string): string {
  const end = script.indexOf('\n\n')
  const body = script
    .slice(end)
    .replace(/^ *#.*\n/gm, '')
    .replace(/(\n *| )\*\) ;;(?=\s+esac)/g, '')
    .replace(/\n{2,}/g, '\n')
    .replace(/^ +("[A-Za-z]+": )?/gm, (_, key: string | undefined) => (key === undefined ? '' : ` ${key}`))
    .replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}(?![A-Za-z0-9_])/g, '$$$1')
    .replace(/(?<=[ >])"(\$(?:etc|run|state|units|off)(?:\/[a-z.-]+)?)"(?=[\s;)])/g, '$1')
  return `${script.slice(0, end)}\n${body}`
}

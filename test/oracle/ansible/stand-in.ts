import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import { readMinimal } from './documents.ts'
import type { Environment } from './environments.ts'
import { pythonOf, type Reported, runPlaybooks } from './play.ts'
import { generateAll, withScratch, writeProject } from './project.ts'

/** A machine that the role's own tasks run on: this one, with a folder for its root and a program that notes its calls. */
export interface StandIn {
  /** The generated folder `ansible`. */
  readonly folder: string
  readonly play: (playbook: string, ...options: string[]) => Promise<Reported>
  /** Writes a playbook of the test's own. */
  readonly write: (playbook: string, plays: readonly object[]) => void
  /** What the cluster knows the machine as; nothing at first. */
  readonly tellCluster: (object: object | undefined) => void
  /** From now on upgrades fail, or do not. */
  readonly failUpgrades: (fails: boolean) => void
  /** How `mesh-machine`, `mesh-machine-drain` and `kubectl` were called so far. */
  readonly calls: () => string[]
  /** What is below its root. */
  readonly written: () => string[]
  readonly isUnpacked: () => boolean
  readonly isOff: () => boolean
}

/** A Debian with systemd, whatever this machine is; for the plays to come. */
const facts = [
  {
    name: 'Facts',
    hosts: 'all',
    gather_facts: false,
    tasks: [
      {
        name: 'Facts',
        tags: ['always'],
        'ansible.builtin.set_fact': {
          cacheable: true,
          architecture: 'x86_64',
          distribution: 'Debian',
          distribution_major_version: '13',
          distribution_version: '13.1',
          os_family: 'Debian',
          service_mgr: 'systemd',
        },
      },
    ],
  },
]

export async function withStandIn(
  environment: Environment,
  run: (machine: StandIn) => Promise<void>,
): Promise<void> {
  await withScratch(async (scratch) => {
    const folder = writeProject(scratch, generateAll(readMinimal(), ['ansible']))
    const write = (file: string, value: unknown) => writeFileSync(join(folder, file), dump(value))
    const archive = makeArchive(scratch)
    const server = createServer((_, response) => response.end(archive))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    write('facts.yml', facts)
    write('stand-in.yml', {
      ansible_python_interpreter: pythonOf(environment),
      ...variablesOf(scratch, `http://127.0.0.1:${port}/archive`, archive),
    })
    writeFileSync(join(scratch, 'calls'), '')
    for (const [name, text] of Object.entries(programs(scratch)))
      writeFileSync(join(scratch, name), text, { mode: 0o755 })
    const workload = join(scratch, 'workload.json')
    const options = ['-i', 'inventory.yml', '-e', '@stand-in.yml']
    try {
      await run({
        folder,
        write,
        play: (playbook, ...more) =>
          runPlaybooks({ environment, folder, scratch }, [...options, 'facts.yml', playbook, ...more]),
        tellCluster: (object) => {
          rmSync(workload, { force: true })
          if (object !== undefined) writeFileSync(workload, JSON.stringify(object))
        },
        failUpgrades: (fails) => {
          if (fails) writeFileSync(join(scratch, 'fails'), '')
          else rmSync(join(scratch, 'fails'), { force: true })
        },
        calls: () => readLines(join(scratch, 'calls')),
        written: () => (existsSync(join(scratch, 'root')) ? readdirSync(join(scratch, 'root')) : []),
        isUnpacked: () => existsSync(join(scratch, 'opt/v1/proxy')),
        isOff: () => existsSync(join(scratch, 'root/etc/linkerd/redirect.disabled')),
      })
    } finally {
      server.close()
    }
  })
}

/** Extra variables, which go before those of the role. Packages are such as the setup of this tier has installed. */
function variablesOf(scratch: string, url: string, archive: Uint8Array): object {
  const root = join(scratch, 'root')
  const sha256 = createHash('sha256').update(archive).digest('hex')
  return {
    ansible_connection: 'local',
    ansible_become: false,
    linkerd_machine_cache: join(scratch, 'cache'),
    linkerd_machine_download: 'controller',
    linkerd_machine_join_token: 'a-token',
    linkerd_machine_kubectl: join(scratch, 'kubectl'),
    __linkerd_machine_root: root,
    __linkerd_machine_command: join(scratch, 'mesh-machine'),
    __linkerd_machine_known_good: join(scratch, 'known-good'),
    __linkerd_machine_off: join(root, 'etc/linkerd/redirect.disabled'),
    __linkerd_machine_token_file: join(root, 'etc/spire/join-token'),
    __linkerd_machine_packages_always: ['python3-apt'],
    __linkerd_machine_packages_backend: { iptables: ['iptables'] },
    __linkerd_machine_packages_of: { '/usr/bin/no-such-command': 'iproute2' },
    __linkerd_machine_programs: [
      {
        name: 'proxy',
        version: 'v1',
        base: join(scratch, 'opt'),
        file: 'proxy',
        archives: { amd64: { url, sha256, member: 'v1/proxy' } },
      },
    ],
  }
}

/** Each notes its calls and does of them what the role's tasks look at. */
function programs(scratch: string): Record<string, string> {
  const note = (prefix = '') => `echo "${prefix}$*" >>${scratch}/calls`
  const script = (...lines: string[]) => ['#!/bin/sh', ...lines, ''].join('\n')
  return {
    'mesh-machine': script(
      note(),
      'case $* in',
      `install) : >${scratch}/known-good ;;`,
      `'redirect confirm') rm -f ${scratch}/root/etc/linkerd/redirect.disabled ;;`,
      `status) echo '{"state": "joined", "spiffeId": "spiffe://example.org/x"}' ;;`,
      `upgrade*) ! test -e ${scratch}/fails || exit 7 ;;`,
      'esac',
    ),
    'mesh-machine-drain': script(note('drain '), 'exit 1'),
    kubectl: script(
      note('kubectl '),
      `case $* in *' get '*) cat ${scratch}/workload.json 2>/dev/null || : ;; esac`,
    ),
  }
}

function makeArchive(scratch: string): Uint8Array {
  mkdirSync(join(scratch, 'archive/v1'), { recursive: true })
  writeFileSync(join(scratch, 'archive/v1/proxy'), '#!/bin/sh\n', { mode: 0o755 })
  return execFileSync('tar', ['--create', '--gzip', '--directory', join(scratch, 'archive'), 'v1'])
}

function readLines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean)
}

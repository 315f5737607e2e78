import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dump } from 'js-yaml'
import * as assert from 'uvu/assert'
import { type Environment, readEnvironments } from '../../setup/ansible.ts'
import { addresses, names } from './addresses.ts'
import { kill, must, type Outcome, onCleanup, run, until } from './command.ts'
import { generateArtifacts } from './document.ts'
import type { Debian } from './programs.ts'
import type { World } from './world.ts'

/** Where an operator runs playbooks from: a place outside of the cluster, with SSH as the only way to the machine. */
export interface Controller {
  readonly version: string
  /** Writes the folder that meshjoin generates for a document; playbooks run from there. */
  readonly generate: (document: unknown) => void
  /** Changes a generated file, as no document could. */
  readonly edit: (path: string, edit: (text: string) => string) => void
  /** Variables of a host beside the inventory, in a vault. */
  readonly giveToken: (host: string, token: string) => Promise<void>
  /** A second inventory beside the generated one. */
  readonly addInventory: (inventory: unknown) => void
  readonly play: (playbook: string, ...options: readonly string[]) => Promise<Played>
}

/** How a run of a playbook ended. */
export interface Played extends Outcome {
  /** Numbers of the recap, such as `changed`; of the only host. */
  readonly recap: Readonly<Record<string, number>>
}

const setup = fileURLToPath(new URL('../../setup/ansible.sh', import.meta.url))

/** The oldest ansible-core that is supported on the one Debian, the newest on the other. */
async function findAnsible(debian: Debian): Promise<Environment> {
  const { cores, oldest, newest } = readEnvironments(await must(setup, [], { seconds: 1200 }))
  assert.ok(cores.length > 1, 'two or more versions of ansible-core')
  return debian === 'bookworm' ? oldest : newest
}

export async function createController(world: World): Promise<Controller> {
  const { version, folder: environment } = await findAnsible(world.debian)
  const home = mkdtempSync(join(world.folder, 'a'))
  const project = join(home, 'project')
  const secret = join(home, 'vault-password')
  writeFileSync(secret, 'only for this test\n', { mode: 0o600 })
  const authority = join(home, 'downloads.pem')
  writeFileSync(authority, world.authorities.text(world.authorities.downloads.certificate))
  const inventories: string[] = []
  nameDownloads(world)
  const env = {
    ...process.env,
    HOME: home,
    ANSIBLE_HOST_KEY_CHECKING: 'false',
    ANSIBLE_PRIVATE_KEY_FILE: join(world.folder, 'operator'),
    ANSIBLE_REMOTE_USER: 'root',
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_PIPELINING: 'true',
    // As on a machine that the operator knows: it would warn of a Python that may come later.
    ANSIBLE_PYTHON_INTERPRETER: 'auto_silent',
    ANSIBLE_VAULT_PASSWORD_FILE: secret,
    SSL_CERT_FILE: authority,
    LC_ALL: 'C.UTF-8',
  }
  const call = (program: string, args: readonly string[]) =>
    run('ip', ['netns', 'exec', world.outside.name, join(environment, 'bin', program), ...args], {
      cwd: project,
      env,
      seconds: 900,
    })
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(project, path)), { recursive: true })
    writeFileSync(join(project, path), text)
  }
  return {
    version,
    generate: (document) => {
      rmSync(project, { recursive: true, force: true })
      inventories.splice(0)
      for (const [path, text] of generateFolder(document)) write(path, text)
    },
    edit: (path, edit) => write(path, edit(readFileSync(join(project, path), 'utf8'))),
    giveToken: async (host, token) => {
      const path = `host_vars/${host}/token.yml`
      write(path, dump({ linkerd_machine_join_token: token }))
      const { code, stderr } = await call('ansible-vault', ['encrypt', path])
      assert.is(code, 0, stderr)
    },
    addInventory: (inventory) => {
      write('more.yml', dump(inventory))
      inventories.push('-i', 'more.yml')
    },
    play: async (playbook, ...options) => {
      const outcome = await call('ansible-playbook', [
        '-i',
        'inventory.yml',
        ...inventories,
        playbook,
        ...options,
      ])
      return { ...outcome, recap: readRecap(outcome.stdout) }
    },
  }
}

function generateFolder(document: unknown): Map<string, string> {
  const artifacts = generateArtifacts(document, ['ansible'])
  return new Map(artifacts.map(({ path, content }) => [path.replace(/^ansible\//, ''), String(content)]))
}

/** `host : ok=15 changed=3 …` */
function readRecap(text: string): Record<string, number> {
  const line = text.slice(text.lastIndexOf('PLAY RECAP'))
  return Object.fromEntries(
    [...line.matchAll(/(\w+)=(\d+)/g)].map(([, key = '', count]) => [key, Number(count)]),
  )
}

/** The controller finds the download server by a file of its namespace, which `ip netns exec` puts over /etc/hosts. */
function nameDownloads(world: World): void {
  const folder = `/etc/netns/${world.outside.name}`
  mkdirSync(folder, { recursive: true })
  onCleanup(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost\n${addresses.downloads} ${names.downloads}\n`)
}

/** An SSH session that stays open, and says whether it still is. */
export interface Session {
  readonly echo: (text: string) => Promise<string>
  readonly close: () => void
}

/** Logs in from outside and keeps the connection. */
export function holdSession(world: World): Session {
  const options = [
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'BatchMode=yes',
  ]
  const child: ChildProcess = spawn(
    'ip',
    [
      ...['netns', 'exec', world.outside.name, 'ssh', '-q', '-i', join(world.folder, 'operator'), ...options],
      ...[`root@${addresses.machine}`, 'cat'],
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  )
  onCleanup(() => kill(child))
  let heard = ''
  child.stdout?.on('data', (data: Buffer) => (heard += data.toString()))
  return {
    echo: (text) => {
      heard = ''
      child.stdin?.write(`${text}\n`)
      return until('the held session answers', 30, () => (heard.includes('\n') ? heard.trim() : undefined))
    },
    close: () => kill(child, 'SIGTERM'),
  }
}

/** The one machine of the world, as a host of an inventory. */
export function inventoryOf(host: string, vars: Record<string, unknown>): unknown {
  return {
    linkerd_machines: {
      hosts: {
        [host]: {
          ansible_host: addresses.machine,
          linkerd_machine_namespace: 'mixed-env',
          linkerd_machine_addresses: [addresses.machine],
          linkerd_machine_ports: [{ name: 'http', port: 80 }],
          ...vars,
        },
      },
    },
  }
}

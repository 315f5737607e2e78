import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addresses, identity } from './addresses.ts'
import { ended, kill, must, type Outcome, onCleanup, pause, run, tryCommand, until } from './command.ts'
import { endCommands, endGroup, ownControlGroups } from './control-groups.ts'
import { createRoot, placeOperatorFiles, type RootOptions } from './root.ts'
import type { Polled } from './worker-calls.ts'
import type { World } from './world.ts'

export interface MachineOptions extends RootOptions {
  /** Default true. */
  readonly withToken?: boolean
  /** The parent ID that the token is for; default that of `legacy-app`. */
  readonly parent?: string
  /** Further options of systemd-nspawn. */
  readonly nspawn?: readonly string[]
}

/** `/run/mesh-machine/status.json`. */
export interface Status {
  readonly state: string
  readonly spiffeId: string
  readonly proxy: { readonly ready: boolean }
  readonly certificate: { readonly expires: string | null; readonly refreshed: string | null }
  readonly connected: Readonly<Record<'destination' | 'policy', { readonly answers: boolean }>> | null
  readonly workload: {
    readonly name: string
    readonly namespace: string
    readonly addresses: readonly string[]
    readonly spiffeId: string
  } | null
  readonly failure: Failure | null
  readonly undone: Failure | null
}

interface Failure {
  readonly id: string
  readonly what: string
  readonly remedy: string
}

/** What `cloud-init status --wait --format json` says at the end of a boot. */
export interface CloudInitStatus {
  /** 0 fine, 1 an error, 2 something to complain of. */
  readonly code: number
  readonly status: string
  readonly errors: readonly string[]
  readonly recoverable_errors: Readonly<Record<string, readonly string[]>>
}

/** A booted machine. */
export interface Machine {
  readonly root: string
  /** The join token that was put in place; `''` without one. */
  readonly token: string
  /** When its last boot began. */
  readonly bootedAt: () => number
  readonly boot: () => Promise<void>
  readonly powerOff: () => Promise<void>
  /** As when the power goes: nothing inside comes to its end. */
  readonly cutPower: () => Promise<void>
  /** Runs a command inside, as root. */
  readonly run: (...command: readonly string[]) => Promise<Outcome>
  readonly must: (...command: readonly string[]) => Promise<string>
  /** One POSIX sh script. */
  readonly sh: (script: string) => Promise<string>
  readonly status: () => Promise<Status>
  /** Waits for cloud-init to come to its end. */
  readonly cloudInit: () => Promise<CloudInitStatus>
  readonly joined: (seconds?: number) => Promise<void>
  readonly metric: (name: string, label?: string) => Promise<number>
  /** Dials as a user that is neither root nor ours; the first line that comes. */
  readonly dial: (address: string, port: number) => Promise<string>
  /** Everything of ours in the nat tables of iptables, and our table of nft. */
  readonly rules: () => Promise<string[]>
  /** Those of them that redirect. */
  readonly redirects: () => Promise<string[]>
  readonly unit: (name: string) => Promise<string>
  readonly console: () => string
  /** Number of the machine's first process, as the host sees it. */
  readonly pid: () => number
  /** Logs in over SSH, from outside. */
  readonly login: (command: string) => Promise<string>
  readonly startPolling: () => Promise<void>
  readonly stopPolling: () => Promise<Polled>
  readonly polled: () => Promise<Polled>
  /** What one wants to see when a test has failed. */
  readonly evidence: () => Promise<string>
}

let count = 0

export async function createMachine(world: World, options: MachineOptions): Promise<Machine> {
  count += 1
  const name = `m${count}`
  const token =
    options.withToken === false ? '' : await world.spire.makeToken(options.parent ?? identity.parent)
  const root = await createRoot(world, name, {
    ...options,
    edit: async (folder) => {
      placeOperatorFiles(folder, world, token === '' ? undefined : token)
      await options.edit?.(folder)
    },
  })
  const state = {
    pid: 0,
    at: 0,
    child: undefined as ChildProcess | undefined,
    groups: [] as string[],
    namespace: '',
  }
  const consoleFile = join(world.folder, `${name}.console`)
  writeFileSync(consoleFile, '')

  const inside = (command: readonly string[], seconds = 300): Promise<Outcome> =>
    run('nsenter', ['-t', String(state.pid), '-a', '--', ...command], {
      seconds,
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        LC_ALL: 'C',
        HOME: '/root',
      },
    })
  const mustInside = async (...command: readonly string[]): Promise<string> => {
    const outcome = await inside(command)
    if (outcome.code !== 0)
      throw new Error(`${command.join(' ')}: exit ${outcome.code}\n${outcome.stderr}${outcome.stdout}`)
    return outcome.stdout
  }

  const machine: Machine = {
    root,
    token,
    bootedAt: () => state.at,
    boot: async () => {
      state.namespace = await world.plugIn()
      state.at = Date.now()
      state.groups = ownControlGroups(state.namespace)
      const child = startNspawn(root, state.namespace, state.groups, options.nspawn ?? [])
      state.child = child
      const log = createWriteStream(consoleFile, { flags: 'a' })
      child.stdout?.pipe(log, { end: false })
      child.stderr?.pipe(log, { end: false })
      state.pid = await until('the machine has a first process', 60, async () => {
        if (child.exitCode !== null)
          throw new Error(`systemd-nspawn ended: ${readFileSync(consoleFile, 'utf8')}`)
        const found = await run('pgrep', ['-P', String(child.pid), '-x', 'systemd'])
        return found.code === 0 ? Number(found.stdout.trim().split('\n')[0]) : undefined
      })
      await until('its systemd answers', 60, async () => {
        const outcome = await inside(['systemctl', 'is-system-running'], 10)
        return /^(initializing|starting|running|degraded)/.test(outcome.stdout)
      })
    },
    powerOff: async () => {
      const { child } = state
      if (child === undefined) return
      tryCommand('kill', '-s', 'RTMIN+4', String(state.pid))
      await ended(child, 240)
      state.child = undefined
    },
    cutPower: async () => {
      const { child, groups } = state
      if (child === undefined) return
      endCommands(machine.pid())
      for (const group of groups) endGroup(group)
      kill(child)
      await ended(child, 60)
      state.child = undefined
    },
    run: (...command) => inside(command),
    must: mustInside,
    sh: (script) => mustInside('sh', '-c', script),
    status: async () => JSON.parse(await mustInside('cat', '/run/mesh-machine/status.json')) as Status,
    cloudInit: async () => {
      // Not the tabular form: cloud-init 25 writes "status: done" behind the dots of its waiting, if it had to wait.
      const { code, stdout } = await inside(['cloud-init', 'status', '--wait', '--format', 'json'])
      // Before 23.4 there are no recoverable errors.
      const said = JSON.parse(stdout) as Partial<CloudInitStatus>
      const { status = '', errors = [], recoverable_errors = {} } = said
      return { code, status, errors, recoverable_errors }
    },
    joined: async (seconds = 120) => {
      await until('the machine has joined', seconds, async () => {
        const { state: word, failure } = await machine.status()
        if (word !== 'joined') throw new Error(`${word}: ${failure?.what ?? ''}`)
        return true
      })
    },
    metric: async (metric, label = '') => {
      const text = await must('ip', [
        ...['netns', 'exec', state.namespace, 'curl', '-s', '--noproxy', '*', '-m', '5'],
        'http://127.0.0.1:4191/metrics',
      ])
      return text
        .split('\n')
        .filter(
          (line) => (line.startsWith(`${metric}{`) || line.startsWith(`${metric} `)) && line.includes(label),
        )
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    },
    dial: async (address, port) => {
      const script = `exec 3<>/dev/tcp/${address}/${port} && timeout 4 head -n 1 <&3`
      return mustInside(
        ...['setpriv', '--reuid=33', '--regid=33', '--clear-groups', 'timeout', '5'],
        ...['bash', '-c', script],
      )
    },
    rules: async () => {
      const texts = await Promise.all([
        inside(['iptables-save', '-t', 'nat']),
        inside(['ip6tables-save', '-t', 'nat']),
      ])
      // A machine with the iptables backend has no nft.
      const table = await inside(['nft', 'list', 'table', 'inet', 'meshjoin'])
      return [
        ...texts.flatMap(({ stdout }) => stdout.split('\n')).filter((line) => line.includes('MESHJOIN')),
        ...table.stdout.split('\n').filter((line) => line !== ''),
      ]
    },
    redirects: async () => (await machine.rules()).filter((line) => /redirect to|-j REDIRECT/.test(line)),
    unit: async (unit) => (await inside(['systemctl', 'is-active', unit])).stdout.trim(),
    console: () => readFileSync(consoleFile, 'utf8'),
    pid: () => state.pid,
    login: (command) =>
      must(
        'ip',
        [
          ...['netns', 'exec', world.outside.name, 'ssh', '-q', '-i', join(world.folder, 'operator')],
          ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'BatchMode=yes'],
          ...['-o', 'ConnectTimeout=10', `root@${addresses.machine}`, command],
        ],
        { seconds: 60 },
      ),
    startPolling: () =>
      world.outside.call('startPolling', { name, address: addresses.machine, port: 22, milliseconds: 200 }),
    stopPolling: () => world.outside.call('stopPolling', { name }),
    polled: () => world.outside.call('polled', { name }),
    evidence: async () => {
      const script = `cat /run/mesh-machine/status.json; systemctl --no-pager list-units --all 'linkerd*' 'spire*' 'mesh*'
        systemctl --no-pager --failed; iptables-save -t nat; nft list ruleset; cloud-init status --long
        journalctl -b --no-pager -o short-precise -u 'linkerd*' -u 'spire*' -u 'mesh*' -u cloud-final -n 80`
      const { stdout, stderr } = await inside(['sh', '-c', script], 30)
      return stdout + stderr
    },
  }
  return machine
}

/** In a control group of its own, so that several machines may run at a time. */
function startNspawn(
  root: string,
  namespace: string,
  groups: readonly string[],
  more: readonly string[],
): ChildProcess {
  const enter = groups.map((group) => `echo $$ >'${group}/cgroup.procs'`).join('; ')
  const child = spawn(
    'sh',
    [
      '-c',
      `${enter}; exec "$@"`,
      'sh',
      ...['systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--boot', '--console=read-only'],
      ...['--capability=CAP_NET_ADMIN', '--resolv-conf=off', '--timezone=off', '-D', root, '-M', namespace],
      ...[`--network-namespace-path=/run/netns/${namespace}`, ...more],
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
    },
  )
  onCleanup(() => {
    // Whatever is left of the machine is in its own groups.
    for (const group of groups) endGroup(group)
    kill(child)
  })
  return child
}

/** Waits until nothing has changed for a moment: for checks that something does not happen. */
export async function settle(milliseconds = 1500): Promise<void> {
  await pause(milliseconds)
}

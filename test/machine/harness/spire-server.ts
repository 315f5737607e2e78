import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, createWriteStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyPair } from './authority.ts'
import { ended, kill, must, onCleanup, run, until } from './command.ts'

/** A real SPIRE server, which keeps its data while it is down. */
export interface SpireServer {
  start(): Promise<void>
  stop(): Promise<void>
  /** All of the selectors must match. */
  addEntry(id: string, parent: string, ...selectors: readonly string[]): Promise<void>
  /** An alias of the agents that all of the selectors match. */
  addAlias(id: string, ...selectors: readonly string[]): Promise<void>
  /** The IDs of all agents that have attested. */
  listAgents(): Promise<string[]>
  /** From now on this identity's certificates end after so many seconds. */
  shorten(id: string, parent: string, selector: string, seconds: number): Promise<void>
  /** Asks the server's API by its own command: `ask('agent', 'list')`. */
  ask(...args: readonly string[]): Promise<string>
  /** Its bundle gets this root as well, below which its certificates can hang soon. */
  prepareUpstream(upstream: KeyPair): Promise<void>
  /** From now on they do, and all that hung from the last root are made anew. */
  activateUpstream(): Promise<void>
  /** At its next start agents get certificates that end after so many seconds. */
  shortenAgents(seconds: number): void
  /** Every join token that it ever gave out. */
  readonly tokens: readonly string[]
  /** A new join token for the parent. */
  makeToken(parent: string): Promise<string>
}

interface Options {
  readonly program: string
  readonly folder: string
  readonly namespace: string
  readonly upstream: KeyPair
  /** The CA of the machines' certificates (PEM), for `x509pop`. */
  readonly machineAuthority: string
  /** The CA of SSH host certificates, as a line of `authorized_keys`, for `sshpop`. */
  readonly hostAuthority: string
}

export function createSpireServer(options: Options): SpireServer {
  const { program, folder, namespace } = options
  const socket = join(folder, 'api.sock')
  const file = join(folder, 'server.json')
  // Copies, which can be changed under it.
  const upstream = { certificate: join(folder, 'upstream.crt'), key: join(folder, 'upstream.key') }
  const place = (pair: KeyPair) => {
    copyFileSync(pair.certificate, upstream.certificate)
    copyFileSync(pair.key, upstream.key)
  }
  const configure = (more: object = {}) =>
    writeFileSync(file, JSON.stringify(configuration(socket, { ...options, upstream }, more)))
  place(options.upstream)
  configure()
  const log = createWriteStream(join(folder, 'server.log'), { flags: 'a' })
  let child: ChildProcess | undefined
  const tokens: string[] = []
  const ask = (...args: readonly string[]) => must(program, [...args, '-socketPath', socket])

  return {
    ask,
    tokens,
    start: async () => {
      const started = spawn('ip', ['netns', 'exec', namespace, program, 'run', '-config', file], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child = started
      onCleanup(() => kill(started))
      started.stdout.pipe(log, { end: false })
      started.stderr.pipe(log, { end: false })
      await until(
        'the SPIRE server is healthy',
        60,
        async () => (await run(program, ['healthcheck', '-socketPath', socket])).code === 0,
      )
    },
    stop: async () => {
      if (child === undefined) return
      kill(child, 'SIGTERM')
      await ended(child, 30)
    },
    addEntry: async (id, parent, ...selectors) => {
      const all = selectors.flatMap((selector) => ['-selector', selector])
      await ask('entry', 'create', '-spiffeID', id, '-parentID', parent, ...all)
    },
    addAlias: async (id, ...selectors) => {
      const all = selectors.flatMap((selector) => ['-selector', selector])
      await ask('entry', 'create', '-node', '-spiffeID', id, ...all)
    },
    listAgents: async () => {
      const { agents } = JSON.parse(await ask('agent', 'list', '-output', 'json')) as {
        agents: { id: { trust_domain: string; path: string } }[]
      }
      return agents.map(({ id }) => `spiffe://${id.trust_domain}${id.path}`)
    },
    shorten: async (id, parent, selector, seconds) => {
      const { entries } = JSON.parse(await ask('entry', 'show', '-spiffeID', id, '-output', 'json')) as {
        entries: { id: string }[]
      }
      const [entry] = entries
      if (entry === undefined) throw new Error(`there is no entry of ${id}`)
      const what = ['-entryID', entry.id, '-spiffeID', id, '-parentID', parent, '-selector', selector]
      await ask('entry', 'update', ...what, '-x509SVIDTTL', String(seconds))
    },
    prepareUpstream: async (pair) => {
      place(pair)
      await ask('localauthority', 'x509', 'prepare')
    },
    activateUpstream: async () => {
      const shown = await ask('localauthority', 'x509', 'show', '-output', 'json')
      const { active, prepared } = JSON.parse(shown) as Authorities
      await ask('localauthority', 'x509', 'activate', '-authorityID', prepared.authority_id)
      const old = active.upstream_authority_subject_key_id
      await ask('upstreamauthority', 'taint', '-subjectKeyID', old)
    },
    shortenAgents: (seconds) => configure({ agent_ttl: `${seconds}s` }),
    makeToken: async (parent) => {
      const printed = await ask('token', 'generate', '-spiffeID', parent, '-ttl', '3600', '-output', 'json')
      const { value } = JSON.parse(printed) as { value: string }
      tokens.push(value)
      return value
    },
  }
}

/** What `localauthority x509 show` prints. */
interface Authorities {
  readonly active: Authority
  readonly prepared: Authority
}

interface Authority {
  readonly authority_id: string
  readonly upstream_authority_subject_key_id: string
}

function configuration(
  socket: string,
  { folder, upstream, machineAuthority, hostAuthority }: Options,
  more: object,
): unknown {
  const plugin = (name: string, data: Record<string, unknown>) => ({ [name]: { plugin_data: data } })
  return {
    server: {
      // Of both families.
      bind_address: '::',
      bind_port: '8081',
      socket_path: socket,
      trust_domain: 'root.linkerd.cluster.local',
      data_dir: folder,
      log_level: 'INFO',
      ca_ttl: '168h',
      default_x509_svid_ttl: '24h',
      ...more,
    },
    plugins: {
      DataStore: plugin('sql', {
        database_type: 'sqlite3',
        connection_string: join(folder, 'datastore.sqlite3'),
      }),
      KeyManager: plugin('disk', { keys_path: join(folder, 'keys.json') }),
      NodeAttestor: {
        ...plugin('join_token', {}),
        ...plugin('x509pop', { ca_bundle_path: machineAuthority }),
        ...plugin('sshpop', { cert_authorities: [hostAuthority] }),
        ...plugin('http_challenge', { allowed_dns_patterns: ['legacy-app\\.example\\.internal'] }),
      },
      UpstreamAuthority: plugin('disk', {
        cert_file_path: upstream.certificate,
        key_file_path: upstream.key,
      }),
    },
  }
}

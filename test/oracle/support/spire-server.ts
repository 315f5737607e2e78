import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { end, freePort, start, until } from './processes.ts'
import { runCommand, type Said } from './root.ts'
import { programsOf, type Release } from './spire-releases.ts'

/** Plugins of a node attestor, by name, with their data. */
export type Plugins = Readonly<Record<string, object>>

/** A real SPIRE server on the loopback of this host. */
export interface SpireServer {
  readonly release: Release
  readonly program: string
  readonly folder: string
  readonly port: number
  readonly flags: readonly string[]
  /** Runs one of its commands. */
  ask(...words: readonly string[]): Promise<Omit<Said, 'left'>>
  stop(): Promise<void>
}

/** The keys of both configurations that are read here. */
export interface ServerConfiguration {
  readonly server: {
    readonly bind_address: string
    readonly bind_port: string | number
    readonly socket_path: string
  }
}

export interface AgentConfiguration {
  readonly agent: { readonly socket_path: string }
}

export async function startServer(
  release: Release,
  trustDomain: string,
  attestors: Plugins = { join_token: {} },
): Promise<SpireServer> {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-spire-'))
  const port = await freePort()
  const socket = join(folder, 'api.sock')
  const configuration = {
    server: {
      bind_address: '127.0.0.1',
      bind_port: String(port),
      socket_path: socket,
      trust_domain: trustDomain,
      data_dir: folder,
      log_level: 'WARN',
    },
    plugins: {
      DataStore: plugin('sql', {
        database_type: 'sqlite3',
        connection_string: join(folder, 'datastore.sqlite3'),
      }),
      KeyManager: plugin('memory', {}),
      NodeAttestor: Object.entries(attestors).flatMap(([name, data]) => plugin(name, data)),
    },
  }
  return runServer(release, folder, configuration)
}

/** Runs a server until `stop`, which takes its folder away too. */
export async function runServer(
  release: Release,
  folder: string,
  configuration: ServerConfiguration,
): Promise<SpireServer> {
  const { bind_port: port, socket_path: socket } = configuration.server
  const program = join(programsOf(release), 'spire-server')
  writeFileSync(join(folder, 'server.json'), JSON.stringify(configuration))
  const child = start(program, ['run', '-config', join(folder, 'server.json')], folder)
  const flags = ['-socketPath', socket]
  const ask = (...words: readonly string[]) => runCommand(program, [...words, ...flags])
  const stop = async () => {
    await end(child)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await until(folder, async () => (await ask('healthcheck')).status === 0)
  } catch (error) {
    await stop()
    throw error
  }
  return { release, program, folder, port: Number(port), flags, ask, stop }
}

/** What an agent gets for a process of the proxy's user; the agent is gone again when it is known. */
export async function fetchAsAgent(
  server: SpireServer,
  trustDomain: string,
  attestor: Plugins,
  wanted: RegExp,
): Promise<string> {
  const folder = mkdtempSync(join(server.folder, 'agent-'))
  chmodSync(folder, 0o755)
  const socket = join(folder, 'api.sock')
  const bundle = await server.ask('bundle', 'show')
  writeFileSync(join(folder, 'bundle.pem'), bundle.stdout)
  const configuration = {
    agent: {
      data_dir: folder,
      log_level: 'DEBUG',
      server_address: '127.0.0.1',
      server_port: server.port,
      socket_path: socket,
      trust_domain: trustDomain,
      trust_bundle_path: join(folder, 'bundle.pem'),
    },
    plugins: {
      KeyManager: plugin('memory', {}),
      NodeAttestor: Object.entries(attestor).flatMap(([name, data]) => plugin(name, data)),
      WorkloadAttestor: plugin('unix', {}),
    },
  }
  chmodSync(server.folder, 0o755)
  return fetchOnce(server.release, folder, configuration, wanted)
}

/** As {@link fetchAsAgent}, of an agent with this configuration, which logs into the folder. */
export async function fetchOnce(
  release: Release,
  folder: string,
  configuration: AgentConfiguration,
  wanted: RegExp,
): Promise<string> {
  const { socket_path: socket } = configuration.agent
  const program = join(programsOf(release), 'spire-agent')
  writeFileSync(join(folder, 'agent.json'), JSON.stringify(configuration))
  const child = start(program, ['run', '-config', join(folder, 'agent.json')], folder)
  let said = ''
  try {
    await until(folder, async () => {
      const words = ['--reuid=2102', '--regid=2102', '--clear-groups', program]
      said = (await runCommand('setpriv', [...words, 'api', 'fetch', 'x509', '-socketPath', socket])).stdout
      return wanted.test(said)
    })
    return said
  } finally {
    await end(child)
  }
}

function plugin(name: string, data: object): object[] {
  return [{ [name]: { plugin_data: data } }]
}

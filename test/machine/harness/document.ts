import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import type { ResolverProvider } from '../../../lib/config/resolved.ts'
import { type Artifact, formatDiagnostic, generate, type TargetName } from '../../../lib/index.ts'
import { architecture, versions } from './programs.ts'
import type { World } from './world.ts'

/** `redirect.backend`. */
export type Backend = 'iptables' | 'nftables'

/** What a test may ask for besides `minimal.yaml`. */
export interface DocumentChanges {
  readonly onProxyFailure?: 'open'
  readonly backend?: Backend
  /** The version to which machines are upgraded. */
  readonly newProxy?: boolean
  readonly gracePeriod?: string
  /** Sums to use in place of the true ones. */
  readonly proxySha256?: string
  readonly proxyUrl?: string
  /** In place of the download. */
  readonly proxyInstall?: Readonly<Record<string, unknown>>
  readonly routes?: readonly { readonly to: string; readonly via: string }[]
  /** `proxy.settings`. */
  readonly settings?: Readonly<Record<string, string>>
  /** `mesh.trustAnchors`, which the proxy trusts. The agent trusts the world's root in any case. */
  readonly trustAnchors?: string
  readonly defaultInboundPolicy?: 'all-authenticated'
  /** `mesh.dns.provider`. */
  readonly provider?: ResolverProvider
  /** `cloudInit.meshLayer`. */
  readonly meshLayer?:
    | { readonly from: 'baked' }
    | { readonly from: 'fetch'; readonly url: string; readonly caFile: string }
  /** Machines of the same address besides the first: a name and a port each. */
  readonly others?: readonly { readonly name: string; readonly port: number }[]
  /** `spire.agent.attestation`, in place of the join token. */
  readonly attestation?: Readonly<Record<string, unknown>>
  /** The socket of an agent that is there already. */
  readonly existing?: string
  /** Further settings of `spire`, and of `spire.agent`. */
  readonly spire?: Readonly<Record<string, unknown>>
  readonly agent?: Readonly<Record<string, unknown>>
  /** `spire.workload.selectors`. */
  readonly selectors?: readonly string[]
  /** `machines[].parentId`. */
  readonly parentId?: string
  /** In place of the machine's one port. */
  readonly ports?: readonly { readonly name: string; readonly port: number }[]
}

/** The machine's files and user-data. */
export interface Generated {
  readonly userData: string
  readonly metaData: string
  /** Files of the overlay, by absolute path on the machine. */
  readonly files: ReadonlyMap<string, { readonly mode: number; readonly content: string }>
  /** The programs of firewalls, by name. */
  readonly firewalls: ReadonlyMap<string, string>
  /** The mesh layer to fetch, by its name in the output. */
  readonly layers: ReadonlyMap<string, Uint8Array>
  readonly name: string
}

export const machineName = 'legacy-app'

/** Where the operator puts the private authority of the download server. */
export const downloadAuthority = '/etc/ssl/downloads.example.internal.pem'

interface Minimal {
  mesh: { trustAnchors: string; routes?: DocumentChanges['routes']; dns?: { provider?: ResolverProvider } }
  proxy: {
    version: string
    shutdownGracePeriod?: string
    settings?: DocumentChanges['settings']
    defaultInboundPolicy?: DocumentChanges['defaultInboundPolicy']
    install: Readonly<Record<string, unknown>>
  }
  spire: {
    trustBundle?: string
    workload?: { selectors: DocumentChanges['selectors'] }
    agent: { install: Record<string, unknown>; attestation: DocumentChanges['attestation'] }
  }
  redirect?: Record<string, unknown>
  machines: { name: string; ports?: DocumentChanges['ports']; parentId?: string }[]
  cloudInit?: { meshLayer: DocumentChanges['meshLayer'] }
}

/**
 * `examples/minimal.yaml` with the anchors, addresses of the archives and sums of this world, and nothing else. (Its other
 * addresses are documentation's: the world is built around them.)
 */
export function makeDocument(world: World, changes: DocumentChanges = {}): unknown {
  const text = readFileSync(new URL('../../../examples/minimal.yaml', import.meta.url), 'utf8')
  const document = load(text) as Minimal
  const root = world.authorities.text(world.authorities.mesh.certificate)
  document.mesh.trustAnchors = changes.trustAnchors ?? root
  if (changes.provider !== undefined) document.mesh.dns = { ...document.mesh.dns, provider: changes.provider }
  if (changes.trustAnchors !== undefined) document.spire.trustBundle = root
  const archive = changes.newProxy === true ? world.programs.newProxy : world.programs.proxy
  if (changes.newProxy === true) document.proxy.version = versions.newProxy
  if (changes.gracePeriod !== undefined) document.proxy.shutdownGracePeriod = changes.gracePeriod
  document.proxy.install = changes.proxyInstall ?? {
    from: 'download',
    sha256: { [architecture]: changes.proxySha256 ?? archive.sha256 },
    url: changes.proxyUrl ?? `${world.downloads}/linkerd2-proxy-{version}-linux-{arch}.tar.gz`,
    caFile: downloadAuthority,
  }
  document.spire.agent.install = {
    from: 'download',
    sha256: { [architecture]: world.programs.agent.sha256 },
    url: `${world.downloads}/spire-{version}-linux-{arch}-musl.tar.gz`,
    caFile: downloadAuthority,
  }
  if (changes.attestation !== undefined) document.spire.agent.attestation = changes.attestation
  Object.assign(document.spire, changes.spire)
  Object.assign(document.spire.agent, changes.agent)
  if (changes.existing !== undefined)
    Object.assign(document.spire, { agent: { from: 'existing', socket: changes.existing } })
  if (changes.selectors !== undefined) document.spire.workload = { selectors: changes.selectors }
  const { parentId } = changes
  if (parentId !== undefined) document.machines = document.machines.map((one) => ({ ...one, parentId }))
  if (changes.routes !== undefined) document.mesh.routes = changes.routes
  if (changes.settings !== undefined) document.proxy.settings = changes.settings
  if (changes.defaultInboundPolicy !== undefined)
    document.proxy.defaultInboundPolicy = changes.defaultInboundPolicy
  if (changes.ports !== undefined) for (const machine of document.machines) machine.ports = changes.ports
  for (const { name, port } of changes.others ?? [])
    document.machines.push({ ...document.machines[0], name, ports: [{ name: 'http', port }] })
  if (changes.meshLayer !== undefined) document.cloudInit = { meshLayer: changes.meshLayer }
  const { onProxyFailure, backend } = changes
  if (onProxyFailure !== undefined || backend !== undefined)
    document.redirect = {
      ...(onProxyFailure === undefined ? {} : { onProxyFailure }),
      ...(backend === undefined ? {} : { backend }),
    }
  return document
}

/** What targets make of a document that has to be accepted. */
export function generateArtifacts(document: unknown, targets: readonly TargetName[]): readonly Artifact[] {
  const result = generate(document as Record<string, unknown>, { targets })
  if (!result.ok) throw new Error(result.diagnostics.map((found) => formatDiagnostic(found)).join('\n'))
  return result.value
}

/** Generates the artifacts of one machine of the document with the library. */
export function generateMachine(document: unknown, name: string = machineName): Generated {
  const files = new Map<string, { mode: number; content: string }>()
  const texts = new Map<string, string>()
  const firewalls = new Map<string, string>()
  const layers = new Map<string, Uint8Array>()
  for (const { path, mode, content } of generateArtifacts(document, ['cloud-init', 'systemd'])) {
    const text = typeof content === 'string' ? content : new TextDecoder().decode(content)
    const layer = /^cloud-init\/mesh-layer\/(.+)$/.exec(path)?.[1]
    if (layer !== undefined && typeof content !== 'string') layers.set(layer, content)
    const prefix = `systemd/${name}/`
    if (path.startsWith(prefix)) files.set(`/${path.slice(prefix.length)}`, { mode, content: text })
    const program = /^systemd\/firewall\/(.+)$/.exec(path)?.[1]
    if (program !== undefined) firewalls.set(program, text)
    texts.set(path, text)
  }
  const userData = texts.get(`cloud-init/${name}/user-data`)
  const metaData = texts.get(`cloud-init/${name}/meta-data`)
  if (userData === undefined || metaData === undefined) throw new Error('no user-data was generated')
  return { userData, metaData, files, firewalls, layers, name }
}

import { dump } from 'js-yaml'
import type { Artifact } from '../../artifact.ts'
import type { MeshLayer, PlatformName, ResolvedConfig } from '../../config/resolved.ts'
import type { Report } from '../../diagnostics/diagnostic.ts'
import { filledPath } from '../../files/boot.ts'
import type { MachineFile } from '../../files/machine-files.ts'
import {
  doctorPaths,
  drainCommand,
  extraPaths,
  machineCommand,
  probesPath,
  resolverCommand,
  trialCommand,
} from '../../files/mesh-templates.ts'
import { resolvers } from '../../kinds/resolvers/index.ts'
import { resolverPath } from '../../kinds/resolvers/resolver.ts'
import { layerNeeds, listPackages, planNeeds } from '../../plan/packages.ts'
import type { MachinePlan } from '../../plan/plan.ts'
import type { LayerArchive } from '../shared/mesh-layer.ts'
import { emitOperatorDocs } from '../shared/operator-docs.ts'
import { type MachineInput, type Target, textArtifact } from '../shared/target.ts'
import {
  checkLayers,
  emitLayers,
  fetchCommand,
  listLayers,
  printFetchFiles,
  viewLayers,
} from './mesh-layer.ts'
import { wrapMultipart } from './multipart.ts'
import { compressUserData, countUserData, listTooSmall, platforms } from './platform.ts'
import { entryOf, oncePerMeshFile, printJoined, type WriteFile } from './write-files.ts'

/**
 * Our `#cloud-config` as data: these four keys and no others. `users` is not among them on purpose, since it would drop the
 * image's default user. Merging it into a cloud-config of one's own means appending the three lists.
 */
export interface CloudConfig {
  readonly merge_how: string
  readonly packages: readonly string[]
  readonly write_files: readonly WriteFile[]
  readonly runcmd: readonly (readonly string[])[]
}

/**
 * What a machine is spared where its platform has little room: nothing that joins, stays or leaves needs it, and whoever upgrades
 * brings the program with the new files. EC2 takes 16 kB, every other platform twice that or more.
 */
const spared: readonly string[] = [
  ...extraPaths,
  probesPath,
  '/etc/linkerd/trust-anchors.pem', // the proxy has them in mesh.env
]

/** What a machine is spared where its platform has some room: a part of your own has to fit in. */
const sparedAtMost: readonly string[] = [
  ...doctorPaths,
  ...[drainCommand, resolverCommand, trialCommand].map(({ path }) => path),
]

/** Whether user-data for a platform goes without all of that: its limit is low, or it takes no gzip. */
function isSmall(platform: PlatformName | undefined): boolean {
  if (platform === undefined) return false
  const { limit = Number.POSITIVE_INFINITY, gzip } = platforms[platform]
  return limit < 32_000 || gzip === 'refused'
}

/** Whether what only looks for faults stays out: the whole mesh layer is in user-data that has little room. */
function isSpared({
  platform,
  meshLayer,
}: Pick<ResolvedConfig['cloudInit'], 'platform' | 'meshLayer'>): boolean {
  return meshLayer.from === 'inline' && isSmall(platform)
}

/** Files that stay out of user-data for a platform, by whether a resolver has to be told. With 32 kB of base64 there are 24 kB. */
function listSpared(
  cloudInit: Pick<ResolvedConfig['cloudInit'], 'platform' | 'meshLayer'>,
  isHandedOver: boolean,
): readonly string[] {
  const { platform, meshLayer } = cloudInit
  if (platform === undefined || meshLayer.from !== 'inline') return []
  const { limit = Number.POSITIVE_INFINITY, gzip, counts } = platforms[platform]
  const isText = gzip === 'base64' || counts === 'base64'
  const isTight = isText && limit < 40_000
  const most = isSpared(cloudInit) || (isTight && isHandedOver) ? spared : isTight ? sparedAtMost : []
  // Names are more than comfort.
  return isHandedOver ? most.filter((path) => path !== resolverCommand.path) : most
}

function listLeftOut({ cloudInit, mesh }: ResolvedConfig): readonly string[] {
  const { servers, provider } = mesh.dns
  const { files } = resolvers[provider]
  return listSpared(cloudInit, servers.length > 0 && files.some(({ path }) => path === resolverPath))
}

/** Where there is little room, comments stay with the other targets: in units, rules and settings they are whole lines. */
const withoutComments = oncePerMeshFile((file) => {
  const { path, content } = file
  if (path.endsWith('.json')) return { ...file, content: `${JSON.stringify(JSON.parse(content))}\n` }
  const isLines = /^\/etc\/(systemd|sysctl\.d|linkerd\/(redirect\.|[a-z-]+\.(env|conf)))/.test(path)
  return isLines ? { ...file, content: content.replace(/^ *#.*\n/gm, '') } : file
})

/** The files that user-data brings to a platform: all, or those that it has room for. */
export function chooseFiles(
  files: readonly MachineFile[],
  delivery: Pick<ResolvedConfig['cloudInit'], 'platform' | 'meshLayer'>,
): readonly MachineFile[] {
  const out = listSpared(
    delivery,
    files.some(({ path }) => path === resolverPath),
  )
  const kept = files.filter(({ path }) => !out.includes(filledPath(path)))
  return isSpared(delivery) ? kept.map(withoutComments) : kept
}

/** By default a later part of the user-data replaces the lists of an earlier one; this keeps both. */
export const mergeHow = 'list(append)+dict(no_replace,recurse_list)+str()'

/**
 * The cloud-config that places the files and joins the machine once. Where the mesh layer comes in another way, the files are
 * those of the machine layer, and what fetches the other.
 */
export function createCloudConfig(
  { mesh }: Pick<MachinePlan, 'mesh'>,
  files: readonly MachineFile[],
  delivery: MeshLayer = mesh.delivery,
): CloudConfig {
  const { distribution } = mesh
  const own = files.filter(({ layer }) => layer === 'machine')
  if (delivery.from === 'baked') return write([], own, [machineCommand.path, 'install'])
  const needs = planNeeds(mesh)
  if (delivery.from === 'inline')
    return write(listPackages(needs, distribution), files, [machineCommand.path, 'install'])
  const packages = listPackages([...new Set([...layerNeeds, ...needs])], distribution)
  return write(packages, [...own, ...printFetchFiles(mesh, delivery)], [fetchCommand])
}

function write(
  packages: readonly string[],
  files: readonly MachineFile[],
  command: readonly string[],
): CloudConfig {
  return {
    merge_how: mergeHow,
    packages,
    write_files: [...files].sort(compareFiles).map(entryOf),
    // One call of a command with "set -e": cloud-init's own script would go on after a failure.
    runcmd: [command],
  }
}

/** Units first: they are alike, and gzip makes less of what it finds near. */
function compareFiles(a: MachineFile, b: MachineFile): number {
  const rank = ({ path }: MachineFile) => (path.startsWith('/etc/systemd/') ? 0 : 1)
  return rank(a) - rank(b) || (a.path < b.path ? -1 : 1)
}

/**
 * Writes a cloud-config as user-data. The first line is cloud-init's; there is no template header, so `{{` is inert. An empty
 * list of packages is left out: cloud-init refuses one.
 */
export function printCloudConfig({ packages, ...config }: CloudConfig): string {
  const { merge_how, ...lists } = config
  const data = { merge_how, ...(packages.length > 0 ? { packages } : {}), ...lists }
  return `#cloud-config\n${printJoined(data)}`
}

/** `cloud-init/<machine>/user-data` and `meta-data`. */
export const cloudInitTarget: Target = {
  name: 'cloud-init',
  purpose: 'user-data for machines to be booted',
  placesMachineFiles: true,
  leavesOut: listLeftOut,
  check: checkCloudInit,
  emitMachine: ({ plan, files, isFirst }, config, report) => {
    const folder = `cloud-init/${plan.name}`
    // The instance-id depends on the name alone: another one would make cloud-init run everything again.
    const metaData = dump(
      { 'instance-id': `meshjoin-${plan.name}`, 'local-hostname': plan.name },
      { lineWidth: -1 },
    )
    const text = printUserData(plan, files(), config)
    if (config.cloudInit.platform === undefined && isFirst) checkPlatforms(text, report)
    return [
      // An instance has one of its own, from whatever makes it.
      ...(plan.boot?.name === undefined ? [textArtifact(`${folder}/meta-data`, metaData)] : []),
      packUserData(`${folder}/user-data`, { plan, files }, text, config, report),
    ]
  },
  emitShared: (config, machines) => {
    const layers = listLayers(config, machines)
    const docs = emitOperatorDocs('cloud-init', config, machines, viewDelivery(config, layers))
    return [...docs, ...emitLayers(layers)].sort((a, b) => (a.path < b.path ? -1 : 1))
  },
}

/** For the README: what is brought where, and whether the user-data is compressed. */
function viewDelivery(config: ResolvedConfig, layers: readonly LayerArchive[]): Record<string, unknown> {
  const { meshLayer } = config.cloudInit
  return {
    ...viewPacking(config),
    isBaked: meshLayer.from === 'baked',
    isFetched: meshLayer.from === 'fetch',
    layers: viewLayers(config, layers),
  }
}

/** Ours is larger than what a small platform takes, whatever the document says. */
function viewPacking({ cloudInit }: ResolvedConfig): Record<string, unknown> {
  const { platform, compress } = cloudInit
  const { gzip, limit } = platform === undefined ? {} : platforms[platform]
  const byDefault = compress === undefined && gzip === 'binary' && limit !== undefined
  return {
    compressed: compress === true || (byDefault && isSpared(cloudInit)),
    mayBeCompressed: byDefault && !isSmall(platform) && cloudInit.meshLayer.from === 'inline',
    compressedFor: byDefault ? platform : '',
    limit: limit ?? 0,
    isBase64: gzip === 'base64',
  }
}

function checkCloudInit(config: ResolvedConfig, report: Report): void {
  const { platform, compress } = config.cloudInit
  checkLayers(config, report)
  if (platform === undefined) return
  if (compress === true && platforms[platform].gzip === 'refused')
    report('platform-no-compress', '/cloudInit/compress', { platform })
  const files = listLeftOut(config)
  if (files.length > 0) report('doctor-left-out', '/cloudInit/platform', { platform, files })
}

function printUserData(
  plan: MachinePlan,
  files: readonly MachineFile[],
  { cloudInit }: ResolvedConfig,
): string {
  const text = printCloudConfig(createCloudConfig(plan, chooseFiles(files, cloudInit)))
  return cloudInit.multipart ? wrapMultipart(text) : text
}

/** Nobody has said where the machines run, and it would matter. */
function checkPlatforms(text: string, report: Report): void {
  const small = listTooSmall(text)
  if (small.length > 0) report('user-data-platform', '/cloudInit', { platforms: small }, 'key')
}

function packUserData(
  path: string,
  input: Pick<MachineInput, 'plan' | 'files'>,
  plain: string,
  config: ResolvedConfig,
  report: Report,
): Artifact {
  const { compress, platform } = config.cloudInit
  const limit = platform === undefined ? undefined : platforms[platform].limit
  const tooLarge = platform !== undefined && limit !== undefined && countUserData(platform, plain) > limit
  // Not where compressed user-data has to be handed over in another way than plain text.
  const byDefault = tooLarge && platforms[platform].gzip === 'binary'
  const content = (compress ?? byDefault) ? compressUserData(plain, platform) : plain
  const size = platform === undefined ? 0 : countUserData(platform, content)
  if (platform !== undefined && limit !== undefined && size > limit) {
    const helps = content === plain && platforms[platform].gzip !== 'refused'
    const packed = helps ? countUserData(platform, compressUserData(plain, platform)) : undefined
    const values = { machine: input.plan.name, size, limit, platform, compressed: content !== plain }
    report('user-data-too-large', input.plan.path, {
      ...values,
      packed,
      fits: packed !== undefined && packed <= limit,
      ...measureOthers(input, config, platform),
    })
  }
  const sensitive = input.files().some((file) => file.sensitive === true)
  return { path, mode: sensitive ? 0o600 : 0o644, content, sensitive }
}

/** An address of ordinary length, for a size that is close to what a real one gives. */
const someUrl = 'https://artifacts.example.internal/meshjoin/{sha256}.tar.gz'

/** Bytes of this user-data if the mesh layer came in another way, as the platform counts, compressed where it takes that. */
function measureOthers(
  { plan, files }: Pick<MachineInput, 'plan' | 'files'>,
  { cloudInit }: ResolvedConfig,
  platform: PlatformName,
): { fetched: number | undefined; baked: number | undefined } {
  if (cloudInit.meshLayer.from !== 'inline') return { fetched: undefined, baked: undefined }
  const measure = (delivery: MeshLayer): number => {
    const text = printCloudConfig(createCloudConfig(plan, files(), delivery))
    const { gzip } = platforms[platform]
    return countUserData(platform, gzip === 'refused' ? text : compressUserData(text, platform))
  }
  return {
    fetched: measure({ from: 'fetch', url: someUrl, caFile: undefined, httpProxy: undefined }),
    baked: measure({ from: 'baked' }),
  }
}

import { dump } from 'js-yaml'
import type { Artifact } from '../../artifact.ts'
import type { PlatformName, ResolvedConfig } from '../../config/resolved.ts'
import type { Report } from '../../diagnostics/diagnostic.ts'
import type { MachineFile } from '../../files/machine-files.ts'
import { doctorCommand, machineCommand, probesPath, upgradeCommand } from '../../files/mesh-templates.ts'
import { listPackages, planNeeds } from '../../plan/packages.ts'
import type { MachinePlan } from '../../plan/plan.ts'
import { emitOperatorDocs } from '../shared/operator-docs.ts'
import { type Target, textArtifact } from '../shared/target.ts'
import { wrapMultipart } from './multipart.ts'
import { compressUserData, countUserData, measureUserData, platforms } from './platform.ts'

/** One entry of cloud-init's `write_files`. */
export interface WriteFile {
  readonly path: string
  readonly owner: string
  /** Octal text such as `0644`; a number would be read in decimal by some versions. */
  readonly permissions: string
  readonly content: string
}

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
 * What a machine is spared where its platform has little room: nothing that joins or leaves needs it, and whoever upgrades
 * brings the program with the new files. EC2 takes 16 kB, every other platform twice that or more.
 */
const spared: readonly string[] = [
  doctorCommand.path,
  upgradeCommand.path,
  probesPath,
  '/etc/linkerd/trust-anchors.pem', // the proxy has them in mesh.env
]

/** Whether user-data for a platform goes without the doctor: its limit is low, or it takes no gzip. */
function isSmall(platform: PlatformName | undefined): boolean {
  if (platform === undefined) return false
  const { limit = Number.POSITIVE_INFINITY, gzip } = platforms[platform]
  return limit < 32_000 || gzip === 'refused'
}

/** Where there is little room, comments stay with the other targets: in units, rules and settings they are whole lines. */
function withoutComments(file: MachineFile): MachineFile {
  const { path, content } = file
  if (path.endsWith('.json')) return { ...file, content: `${JSON.stringify(JSON.parse(content))}\n` }
  const isLines = /^\/etc\/(systemd|sysctl\.d|linkerd\/(redirect\.|[a-z-]+\.(env|conf)))/.test(path)
  return isLines ? { ...file, content: content.replace(/^ *#.*\n/gm, '') } : file
}

/** The files that user-data brings to a platform: all, or those that it has room for. */
export function chooseFiles(
  files: readonly MachineFile[],
  platform: PlatformName | undefined,
): readonly MachineFile[] {
  if (!isSmall(platform)) return files
  return files.filter((file) => !spared.includes(file.path)).map(withoutComments)
}

/** By default a later part of the user-data replaces the lists of an earlier one; this keeps both. */
export const mergeHow = 'list(append)+dict(no_replace,recurse_list)+str()'

/** The cloud-config that places the files and joins the machine once. */
export function createCloudConfig(
  { mesh }: Pick<MachinePlan, 'mesh'>,
  files: readonly MachineFile[],
): CloudConfig {
  return {
    merge_how: mergeHow,
    packages: listPackages(planNeeds(mesh), mesh.distribution),
    write_files: files.map(({ path, mode, content }) => ({
      path,
      owner: 'root:root',
      permissions: mode.toString(8).padStart(4, '0'),
      content,
    })),
    // One call of a command with "set -e": cloud-init's own script would go on after a failure.
    runcmd: [[machineCommand.path, 'install']],
  }
}

/**
 * Writes a cloud-config as user-data. The first line is cloud-init's; there is no template header, so `{{` is inert. Indented
 * by as little as YAML takes, since platforms count its bytes.
 */
export function printCloudConfig(config: CloudConfig): string {
  return `#cloud-config\n${dump(config, { lineWidth: -1, noRefs: true, indent: 1, seqNoIndent: true })}`
}

/** `cloud-init/<machine>/user-data` and `meta-data`. */
export const cloudInitTarget: Target = {
  name: 'cloud-init',
  placesMachineFiles: true,
  leavesOut: ({ cloudInit }) => (isSmall(cloudInit.platform) ? spared : []),
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
      textArtifact(`${folder}/meta-data`, metaData),
      packUserData(`${folder}/user-data`, plan, text, config, report),
    ]
  },
  emitShared: (config, machines) => emitOperatorDocs('cloud-init', config, machines, viewPacking(config)),
}

/** Whether the user-data is compressed, for the README. Ours is larger than what a small platform takes, whatever the document says. */
function viewPacking({ cloudInit: { platform, compress } }: ResolvedConfig): Record<string, unknown> {
  const { gzip, limit } = platform === undefined ? {} : platforms[platform]
  const byDefault = compress === undefined && gzip === 'binary' && limit !== undefined
  return {
    compressed: compress === true || (byDefault && isSmall(platform)),
    mayBeCompressed: byDefault && !isSmall(platform),
    compressedFor: byDefault ? platform : '',
    limit: limit ?? 0,
    isBase64: gzip === 'base64',
  }
}

function checkCloudInit(config: ResolvedConfig, report: Report): void {
  const { platform, compress } = config.cloudInit
  if (platform === undefined) return
  if (compress === true && platforms[platform].gzip === 'refused')
    report('platform-no-compress', '/cloudInit/compress', { platform })
  if (isSmall(platform)) report('doctor-left-out', '/cloudInit/platform', { platform, files: spared })
}

function printUserData(
  plan: MachinePlan,
  files: readonly MachineFile[],
  { cloudInit }: ResolvedConfig,
): string {
  const text = printCloudConfig(createCloudConfig(plan, chooseFiles(files, cloudInit.platform)))
  return cloudInit.multipart ? wrapMultipart(text) : text
}

/** Nobody has said where the machines run, and it would matter. */
function checkPlatforms(text: string, report: Report): void {
  const small = measureUserData(text).filter(({ fits }) => fits === 'not')
  if (small.length > 0)
    report('user-data-platform', '/cloudInit', { platforms: small.map(({ platform }) => platform) }, 'key')
}

function packUserData(
  path: string,
  plan: MachinePlan,
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
    const values = { machine: plan.name, size, limit, platform, compressed: content !== plain }
    report('user-data-too-large', plan.path, {
      ...values,
      packed,
      fits: packed !== undefined && packed <= limit,
    })
  }
  return { path, mode: 0o644, content, sensitive: false }
}

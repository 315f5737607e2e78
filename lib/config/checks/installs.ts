import type { Report } from '../../diagnostics/diagnostic.ts'
import { pointer } from '../../diagnostics/pointer.ts'
import { type Draft, isAbsent } from '../draft.ts'
import type { Check, CheckContext } from './context.ts'

type Install = NonNullable<NonNullable<Draft['proxy']>['install']>

/** Downloads that are pinned, and paths that work at every boot. */
export const checkInstalls: Check = (context) => {
  const { draft } = context
  checkInstall(context, draft.proxy?.install, '/proxy/install')
  if (draft.spire?.agent?.from !== 'existing')
    checkInstall(context, draft.spire?.agent?.install, '/spire/agent/install')
  checkMeshLayer(context)
  checkPaths(context)
}

type Option = Exclude<keyof Install, 'from'>

/** What each kind reads. */
const options: Readonly<Record<NonNullable<Install['from']>, readonly Option[]>> = {
  download: ['sha256', 'url', 'caFile', 'httpProxy'],
  image: ['image', 'layer', 'path', 'username', 'passwordFile', 'caFile', 'httpProxy'],
  preinstalled: ['path'],
}

/** What each kind cannot do without. */
const needed: Readonly<Record<NonNullable<Install['from']>, { field: Option; why: string }>> = {
  download: { field: 'sha256', why: 'nothing is installed without a checksum' },
  image: { field: 'layer', why: 'nothing is installed without a checksum, and a tag may move' },
  preinstalled: { field: 'path', why: 'where the binary is on the machine' },
}

function checkInstall({ report }: CheckContext, install: Install | undefined, path: string): void {
  if (install?.from === undefined) return
  const { from, sha256 = {}, layer = {} } = install
  for (const field of new Set(Object.values(options).flat()))
    if (install[field] !== undefined && !options[from].includes(field))
      report('install-option-unused', pointer(path, field), { field, from }, 'key')
  for (const [field, sums] of Object.entries({ sha256, layer }))
    if (sums.amd64 !== undefined && sums.amd64 === sums.arm64)
      report('install-same-sum', pointer(path, field, 'arm64'), { field })
  if (from === 'image') checkLogin(report, install, path)
  if (isAbsent(install, needed[from].field)) return report('install-incomplete', path, needed[from])
  if (from !== 'download') return
  const both = sha256.amd64 !== undefined && sha256.arm64 !== undefined
  if (install.url !== undefined && both && !install.url.includes('{arch}')) {
    report('install-url', pointer(path, 'url'), {
      reason: 'there are checksums for two architectures, but no {arch} in it',
      example: 'https://mirror.example.com/linkerd2-proxy-{version}-linux-{arch}.tar.gz',
    })
  }
}

/** A name without a password, or the reverse. */
function checkLogin(report: Report, install: Install, path: string): void {
  const { username, passwordFile } = install
  if (username !== undefined && isAbsent(install, 'passwordFile'))
    report('install-incomplete', path, {
      field: 'passwordFile',
      why: 'the password of "username" comes from a file on the machine',
    })
  if (passwordFile !== undefined && isAbsent(install, 'username'))
    report('install-incomplete', path, { field: 'username', why: 'whose password is in "passwordFile"' })
}

function checkMeshLayer({ draft, report }: CheckContext): void {
  const { meshLayer } = draft.cloudInit ?? {}
  if (meshLayer?.from === undefined) return
  const { from } = meshLayer
  const path = '/cloudInit/meshLayer'
  if (from !== 'fetch') {
    for (const field of ['url', 'caFile', 'httpProxy'] as const)
      if (meshLayer[field] !== undefined)
        report('install-option-unused', pointer(path, field), { field, from }, 'key')
  } else if (isAbsent(meshLayer, 'url'))
    report('install-incomplete', path, { field: 'url', why: 'where the machines fetch the mesh layer' })
}

/** What units with `ProtectHome=yes` see empty. */
const hidden = ['/home', '/root', '/run/user']

const volatile = ['/tmp', '/var/tmp', '/run', '/var/run', '/dev', '/proc', '/sys']

/** Paths that meshjoin itself writes or fills. */
const taken: Readonly<Record<string, string>> = {
  '/etc/spire/agent.json': 'the configuration of the SPIRE agent, which meshjoin writes',
  '/etc/spire/bundle.pem': 'the trust bundle, which meshjoin writes',
  '/etc/linkerd/trust-anchors.pem': 'the trust anchors, which meshjoin writes',
  '/etc/linkerd/mesh.env': 'the environment of the proxy, which meshjoin writes',
  '/etc/linkerd/machine.env': 'the environment of the proxy, which meshjoin writes',
  '/usr/local/sbin/mesh-machine': 'the command that meshjoin writes',
}

/** Every file that the operator places and the machine reads. */
function checkPaths({ draft, report }: CheckContext): void {
  const { server, agent, trustBundle } = draft.spire ?? {}
  const attestation = agent?.attestation ?? {}
  const isInImage = draft.proxy?.install?.from === 'image'
  const files: [path: string, file: string | undefined][] = [
    ...Object.entries(attestation)
      .filter(([option]) => /[fF]ile$|^command$/.test(option))
      .map(([option, file]): [string, string | undefined] => [
        pointer('/spire/agent/attestation', option),
        typeof file === 'string' ? file : undefined,
      ]),
    ...(['certFile', 'keyFile', 'bundleFile'] as const).map((key): [string, string | undefined] => [
      pointer('/spire/server/upstreamAuthority', key),
      server?.upstreamAuthority?.[key],
    ]),
    ['/proxy/install/caFile', draft.proxy?.install?.caFile],
    ['/proxy/install/passwordFile', draft.proxy?.install?.passwordFile],
    ['/proxy/install/path', isInImage ? undefined : draft.proxy?.install?.path],
    ['/spire/agent/install/caFile', agent?.install?.caFile],
    ['/spire/agent/install/path', agent?.install?.path],
    ['/cloudInit/meshLayer/caFile', draft.cloudInit?.meshLayer?.caFile],
    ['/spire/trustBundleCaFile', draft.spire?.trustBundleCaFile],
    ['/spire/trustBundle', trustBundle?.startsWith('/') ? trustBundle : undefined],
  ]
  const claimed = new Map<string, string>()
  for (const [path, file] of files) {
    if (file === undefined) continue
    const home = path.endsWith('/install/path') ? findFolder(hidden, file) : undefined
    const folder = findFolder(volatile, file)
    if (home !== undefined) report('path-hidden', path, { path: file, folder: home })
    else if (folder !== undefined) report('path-volatile', path, { path: file, folder })
    const what = taken[file] ?? claimed.get(file)
    const shared = /[cC]aFile$|trustBundle$|bundleFile$/.test(path) // a CA file may serve several purposes
    if (what !== undefined && !(shared && taken[file] === undefined))
      report('path-taken', path, { path: file, what })
    if (!shared) claimed.set(file, `used at ${path.slice(1).replaceAll('/', '.')}`)
  }
  const socket = agent?.socket
  if (socket === undefined) return
  // /run is where sockets belong; /tmp is hidden from units with PrivateTmp=, and cleaned.
  const home = findFolder(hidden, socket)
  const folder = findFolder(['/tmp', '/var/tmp'], socket)
  if (home !== undefined) report('path-hidden', '/spire/agent/socket', { path: socket, folder: home })
  else if (folder !== undefined) report('path-volatile', '/spire/agent/socket', { path: socket, folder })
}

function findFolder(folders: readonly string[], path: string): string | undefined {
  return folders.find((folder) => path === folder || path.startsWith(`${folder}/`))
}

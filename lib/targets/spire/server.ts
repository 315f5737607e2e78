import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig } from '../../config/resolved.ts'
import { printServer } from '../../files/server-files.ts'
import { renderTemplate } from '../../files/template.ts'
import { serverUnit } from '../../kinds/unit.ts'
import type { Downloads } from '../../plan/download.ts'
import { planServer, type ServerPlan } from '../../plan/spire-server.ts'
import { textArtifact } from '../shared/target.ts'

const folder = 'spire/server'

/** What `uname -m` says. */
const machines = { amd64: 'x86_64', arm64: 'aarch64' } as const

/** `spire/server/…`: the files of a host for the SPIRE server, and what installs it there; sorted by path. */
export function* emitServer(config: ResolvedConfig): Iterable<Artifact> {
  const server = planServer(config)
  if (server?.place !== 'host') return
  const files = printHostFiles(server)
  const { program, certFile, keyFile, bundleFile, binary, credentials } = server
  const { install } = program
  const download = install.from === 'download' ? install : undefined
  const view = {
    linkerdVersion: config.mesh.linkerd.text,
    address: `${config.spire.server.address}:${config.spire.server.port}`,
    port: config.spire.server.port,
    version: program.version,
    archives: viewArchives(program.downloads),
    member: program.downloads.amd64?.member ?? program.downloads.arm64?.member,
    caFile: download?.caFile,
    httpProxy: download?.httpProxy,
    binary,
    certFile,
    bundleFile,
    keyFile,
    credentials,
    others: credentials.filter(({ source }) => ![certFile, keyFile, bundleFile].includes(source)),
    files: files.map(([path]) => path),
    caTtl: config.spire.server.own?.caTtl ?? '24h',
  }
  yield textArtifact(`${folder}/README.md`, renderTemplate('readme/spire-server.md.hbs', view))
  yield textArtifact(`${folder}/install`, renderTemplate('spire/install.sh.hbs', view), 0o755)
  for (const [path, content] of files) yield textArtifact(`${folder}/root${path}`, content)
}

/** The files of the host, sorted by path. */
function printHostFiles(server: ServerPlan): [path: string, content: string][] {
  const { binary, credentials } = server
  const view = { colocated: false, serverBinary: binary, serverCredentials: credentials }
  return [
    ['/etc/spire/server.json', printServer(server)],
    [`/etc/systemd/system/${serverUnit}`, renderTemplate(`systemd/${serverUnit}.hbs`, view)],
    ['/etc/sysusers.d/spire-server.conf', renderTemplate('spire/sysusers.conf.hbs', {})],
  ]
}

function viewArchives(downloads: Downloads): object[] {
  return Object.entries(downloads).map(([arch, { url, sha256 }]) => ({
    machine: machines[arch as keyof typeof machines],
    url,
    sha256,
  }))
}

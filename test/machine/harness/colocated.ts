import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { downloadAuthority, makeDocument } from './document.ts'
import { type Archive, architecture, buildProxy, cache, pack, versions } from './programs.ts'
import type { World } from './world.ts'

interface Walkthrough {
  mesh: { trustAnchors: string }
  proxy: { version: string; install: unknown }
  spire: { agent: { version: string; install: unknown } }
  cloudInit?: unknown
}

/** SPIRE as it is published: both programs in one archive. */
const spireBoth = 'spire-both.tar.gz'

function download(world: World, file: string, sha256: string): object {
  const url = `${world.downloads}/${file}`
  return { from: 'download', sha256: { [architecture]: sha256 }, url, caFile: downloadAuthority }
}

/** `examples/minimal.yaml` with a SPIRE server on a host of its own, which is given what {@link makeWalkthrough} has packed. */
export async function makeServerDocument(world: World): Promise<unknown> {
  const document = makeDocument(world) as { spire: { server: object; agent: { install: object } } }
  const sum = createHash('sha256').update(readFileSync(join(world.programs.folder, spireBoth)))
  document.spire.agent.install = download(world, spireBoth, sum.digest('hex'))
  document.spire.server = {
    address: 'spire.example.internal',
    generate: true,
    upstreamAuthority: { certFile: '/etc/spire/ca.crt', keyFile: '/etc/spire/ca.key' },
  }
  return document
}

/** `examples/walkthrough.yaml` with the anchors, addresses of archives and sums of this world, and nothing else. */
export async function makeWalkthrough(world: World): Promise<unknown> {
  const text = readFileSync(new URL('../../../examples/walkthrough.yaml', import.meta.url), 'utf8')
  const document = load(text) as Walkthrough
  const { proxy, spire } = document
  if (spire.agent.version !== versions.agent) throw new Error('the example has another SPIRE than the world')
  const work = mkdtempSync(join(world.folder, 'archives-'))
  const binary = await buildProxy(work, proxy.version)
  const folder = `linkerd2-proxy-${proxy.version}-${architecture}`
  const stock = join(cache, 'spire')
  const programs = [
    { member: `${folder}/linkerd2-proxy`, binary },
    ...['spire-agent', 'spire-server'].map((name) => ({
      member: `spire-${versions.agent}/bin/${name}`,
      binary: join(stock, name),
    })),
  ]
  const [first, ...others] = programs
  if (first === undefined) throw new Error('there is no proxy')
  const proxyArchive = await pack(work, world.programs.folder, `${folder}.tar.gz`, [first])
  const spireArchive = await pack(work, world.programs.folder, spireBoth, others)
  const install = ({ file, sha256 }: Archive) => download(world, file, sha256)
  document.mesh.trustAnchors = world.authorities.text(world.authorities.mesh.certificate)
  proxy.install = install(proxyArchive)
  spire.agent.install = install(spireArchive)
  document.cloudInit = { platform: 'nocloud' }
  return document
}

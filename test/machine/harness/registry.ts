import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addresses, names } from './addresses.ts'
import { kill, must, onCleanup, run, until } from './command.ts'
import { type Archive, architecture } from './programs.ts'
import type { World } from './world.ts'

/** Where Linkerd's image has the proxy. */
const pathInImage = 'usr/lib/linkerd/linkerd2-proxy'

/** Debian's docker-registry, outside of the machine, over one storage at two ports: open to everybody, and with a password. */
export interface Registry {
  /** As a document names the image. */
  readonly image: string
  readonly lockedImage: string
  readonly username: string
  readonly password: string
  /** Pushes an image with the proxy of an archive; returns the digest of its layer. */
  readonly push: (archive: Archive, tag: string) => Promise<string>
  /** Changes a byte of a blob where the registry keeps it. */
  readonly damage: (digest: string) => void
}

const ports = { open: 5000, locked: 5001 } as const
const repository = 'mirror/linkerd/proxy'
const username = 'machines'
/** With what shells, curl and JSON have a meaning for. */
const password = 'kX7$u"9\\s mesh'
/** The same as `htpasswd -B` writes it. */
const line = 'machines:$2y$05$rZFGY.dWiwczZZDYmAcoweQ4Ydv.0gLxJTGXJgarEShJV8zKk3HpO'

/** Starts both and waits for them. */
export async function startRegistry(world: World): Promise<Registry> {
  const storage = join(world.folder, 'registry')
  mkdirSync(storage)
  const passwords = join(world.folder, 'registry.htpasswd')
  writeFileSync(passwords, `${line}\n`)
  await start(world, storage, ports.open, {})
  await start(world, storage, ports.locked, { auth: { htpasswd: { realm: 'mesh', path: passwords } } })
  return {
    image: `${names.downloads}:${ports.open}/${repository}`,
    lockedImage: `${names.downloads}:${ports.locked}/${repository}`,
    username,
    password,
    push: (archive, tag) => push(world, archive, tag),
    damage: (digest) => {
      const hex = digest.replace('sha256:', '')
      const file = join(storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data')
      const content = readFileSync(file)
      content[500] = (content[500] ?? 0) ^ 1
      writeFileSync(file, content)
    },
  }
}

async function start(world: World, storage: string, port: number, more: object): Promise<void> {
  const { key, certificate } = world.authorities.server
  const config = join(world.folder, `registry-${port}.yml`)
  const settings = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: storage } },
    http: { addr: `${addresses.downloads}:${port}`, tls: { certificate, key } },
    ...more,
  }
  writeFileSync(config, JSON.stringify(settings)) // which is YAML
  const child = spawn('ip', ['netns', 'exec', world.outside.name, 'docker-registry', 'serve', config], {
    stdio: 'ignore',
  })
  onCleanup(() => kill(child))
  await until('the registry listens', 30, async () => {
    const { stdout } = await ask(world, port, [], '/v2/')
    return /^(200|401)/.test(stdout)
  })
}

/** One request to it from where it is; prints the status, and the address for an upload. */
function ask(world: World, port: number, options: readonly string[], path: string) {
  const address = path.startsWith('https:') ? path : `https://${names.downloads}:${port}${path}`
  return run('ip', [
    ...['netns', 'exec', world.outside.name, 'curl', '-q', '-sS', '-o', '/dev/null'],
    ...['--cacert', world.authorities.downloads.certificate],
    ...['--resolve', `${names.downloads}:${port}:${addresses.downloads}`],
    ...['-w', '%{http_code} %header{location}', ...options, address],
  ])
}

async function push(world: World, archive: Archive, tag: string): Promise<string> {
  const folder = mkdtempSync(join(world.folder, 'image-'))
  const tree = join(folder, 'tree')
  const binary = join(folder, 'binary')
  await must('sh', [
    '-euc',
    'tar -xzOf "$1" --wildcards "*/linkerd2-proxy" >"$2"',
    'sh',
    join(world.programs.folder, archive.file),
    binary,
  ])
  await must('install', ['-D', '-m', '0755', binary, join(tree, pathInImage)])
  writeFileSync(join(tree, 'usr/lib/linkerd/linkerd2-proxy-version.txt'), `${tag}\n`)
  const layer = join(folder, 'layer')
  await must('tar', ['-C', tree, '--use-compress-program=gzip -1', '-cf', layer, 'usr'])
  const config = join(folder, 'config')
  const layerDigest = await upload(world, layer)
  writeFileSync(
    config,
    JSON.stringify({ architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
  )
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = join(folder, 'manifest')
  const describe = (mediaType: string, file: string, digest: string) => ({
    mediaType,
    digest,
    size: readFileSync(file).length,
  })
  const configDigest = await upload(world, config)
  writeFileSync(
    manifest,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: describe('application/vnd.oci.image.config.v1+json', config, configDigest),
      layers: [describe('application/vnd.oci.image.layer.v1.tar+gzip', layer, layerDigest)],
    }),
  )
  await send(world, ['-H', `content-type: ${type}`, '-T', manifest], `/v2/${repository}/manifests/${tag}`)
  return layerDigest
}

async function upload(world: World, file: string): Promise<string> {
  const digest = `sha256:${createHash('sha256').update(readFileSync(file)).digest('hex')}`
  const opened = await send(world, ['-X', 'POST'], `/v2/${repository}/blobs/uploads/`)
  const address = `${opened.replace(/^[0-9]+ /, '')}&digest=${digest}`
  await send(world, ['-T', file, '-H', 'content-type: application/octet-stream'], address)
  return digest
}

async function send(world: World, options: readonly string[], path: string): Promise<string> {
  const { stdout, stderr } = await ask(world, ports.open, options, path)
  if (/^20[12] /.test(stdout)) return stdout
  throw new Error(`the registry answers ${stdout}${stderr} to ${path}`)
}

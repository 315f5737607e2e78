import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must } from './command.ts'

/** A certificate and its key, as files. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** What the world trusts: the mesh's root, and the private one of the download server. */
export interface Authorities {
  readonly mesh: KeyPair
  /** Another root, which nobody trusts. */
  readonly other: KeyPair
  readonly downloads: KeyPair
  readonly server: KeyPair
  /** A client of the mesh, for connections to port 4143 itself. */
  readonly client: KeyPair
  /** The same below the other root: a peer that has come to new anchors. */
  readonly otherClient: KeyPair
  /** A machine's own certificate, which the downloads' root has signed. */
  readonly machine: KeyPair
  /** An SSH host key with its certificate. */
  readonly host: KeyPair
  /** Who signs those, as a line of `authorized_keys`. */
  readonly hostAuthority: string
  readonly text: (file: string) => string
}

const keyOptions = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** Makes all of them with openssl. */
export async function makeAuthorities(folder: string, downloadName: string): Promise<Authorities> {
  const mesh = await makeRoot(folder, 'mesh', 1)
  const other = await makeRoot(folder, 'other', 1)
  const downloads = await makeRoot(folder, 'downloads', 0)
  const server = await makeLeaf(folder, 'server', downloads, `DNS:${downloadName}`)
  const clientName = 'DNS:client.test.serviceaccount.identity.linkerd.cluster.local'
  const client = await makeLeaf(folder, 'client', mesh, clientName)
  const otherClient = await makeLeaf(folder, 'other-client', other, clientName)
  const machine = await makeLeaf(
    folder,
    'machine',
    downloads,
    'DNS:legacy-app',
    'legacy-app.example.internal',
  )
  const text = (file: string) => readFileSync(file, 'utf8')
  const host = await makeHostKey(folder)
  const hostAuthority = text(join(folder, 'ssh-ca.pub')).trim()
  return { mesh, other, downloads, server, client, otherClient, machine, host, hostAuthority, text }
}

async function makeHostKey(folder: string): Promise<KeyPair> {
  const [authority, key] = [join(folder, 'ssh-ca'), join(folder, 'ssh-host')]
  for (const file of [authority, key])
    await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file])
  await must('ssh-keygen', [
    ...['-q', '-s', authority, '-h', '-I', 'legacy-app', '-n', 'legacy-app.example.internal'],
    `${key}.pub`,
  ])
  return { certificate: `${key}-cert.pub`, key }
}

async function makeRoot(folder: string, name: string, pathLength: number): Promise<KeyPair> {
  const pair = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
  await must('openssl', [
    ...['req', '-x509', ...keyOptions, '-days', '3650', '-subj', `/CN=${name}.example.internal`],
    ...['-addext', `basicConstraints=critical,CA:TRUE,pathlen:${pathLength}`],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    ...['-keyout', pair.key, '-out', pair.certificate],
  ])
  return pair
}

async function makeLeaf(
  folder: string,
  name: string,
  authority: KeyPair,
  names: string,
  commonName = '',
): Promise<KeyPair> {
  const pair = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
  const request = join(folder, `${name}.csr`)
  const extensions = join(folder, `${name}.ext`)
  writeFileSync(
    extensions,
    `subjectAltName=${names}\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n`,
  )
  await must('openssl', [
    'req',
    ...keyOptions,
    '-subj',
    commonName === '' ? '/' : `/CN=${commonName}`,
    '-keyout',
    pair.key,
    '-out',
    request,
  ])
  await must('openssl', [
    ...['x509', '-req', '-in', request, '-CA', authority.certificate, '-CAkey', authority.key],
    ...['-CAcreateserial', '-days', '30', '-extfile', extensions, '-out', pair.certificate],
  ])
  return pair
}

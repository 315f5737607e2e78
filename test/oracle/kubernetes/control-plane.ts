import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { end, freePort, start, until } from '../support/processes.ts'
import { cache, runCommand, type Said } from '../support/root.ts'
import { makeCrds } from './crds.ts'

/** The folder with kube-apiserver and kubectl. */
const programs = join(cache, 'kubernetes')
const adminToken = 'the-administrator'

/** What the API server answered. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** A request to the API server. */
export interface Asked {
  readonly method?: string
  readonly type?: string
  readonly body?: unknown
}

/** A real kube-apiserver with etcd on the loopback of this host: RBAC is on, and nothing runs but the API, with the custom resources. */
export interface ControlPlane {
  readonly folder: string
  readonly url: string
  readonly caFile: string
  /** What programs that call kubectl need. */
  readonly environment: Readonly<Record<string, string>>
  /** The administrator's kubectl. */
  kubectl(words: readonly string[], input?: string): Promise<Omit<Said, 'left'>>
  /** A request with a token; the administrator's unless said otherwise. */
  ask(path: string, asked?: Asked, token?: string): Promise<Answer>
  /** A token of a service account, as a pod has it. */
  tokenOf(namespace: string, name: string): Promise<string>
  /** Hands on the objects below a path and each change of them, until the function that it gives is called. */
  watch(path: string, onChange: (object: object) => void): Promise<() => void>
  stop(): Promise<void>
}

export async function startControlPlane(): Promise<ControlPlane> {
  const crds = makeCrds()
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-kubernetes-'))
  await makeCertificate(folder)
  const etcd = await startEtcd(join(folder, 'etcd'))
  const port = await freePort()
  const server = start(join(programs, 'kube-apiserver'), serverFlags(folder, port, etcd.url), folder)
  const plane = connect(folder, `https://127.0.0.1:${port}`, async () => {
    await end(server)
    await end(etcd.child)
  })
  try {
    await until(folder, async () => {
      if (server.exitCode !== null) throw new Error(readFileSync(join(folder, 'log'), 'utf8').slice(-3000))
      return (await plane.ask('/readyz').catch(() => undefined))?.status === 200
    })
    await install(crds, plane)
  } catch (error) {
    await plane.stop()
    throw error
  }
  return plane
}

/** Waits until the API serves them too. */
async function install(crds: readonly object[], plane: ControlPlane): Promise<void> {
  const input = crds.map((crd) => JSON.stringify(crd)).join('\n---\n')
  for (const words of [
    ['create', '-f', '-'],
    ['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all'],
  ]) {
    const { status, stderr } = await plane.kubectl(words, input)
    if (status !== 0) throw new Error(stderr)
  }
}

/** One key and a certificate of its own: what the API server shows, and what it signs service accounts' tokens with. */
async function makeCertificate(folder: string): Promise<void> {
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=kube-apiserver']
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:kubernetes.default.svc']
  const files = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')]
  const { status, stderr } = await runCommand('openssl', [...words, ...names, ...files])
  if (status !== 0) throw new Error(stderr)
}

async function startEtcd(folder: string) {
  mkdirSync(folder)
  const url = `http://127.0.0.1:${await freePort()}`
  const peers = `http://127.0.0.1:${await freePort()}`
  const flags = {
    'data-dir': join(folder, 'data'),
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peers,
    'initial-advertise-peer-urls': peers,
    'initial-cluster': `default=${peers}`,
  }
  return { url, child: start('etcd', toWords(flags), folder) }
}

function serverFlags(folder: string, port: number, etcd: string): string[] {
  const key = join(folder, 'tls.key')
  const certificate = join(folder, 'tls.crt')
  writeFileSync(join(folder, 'tokens.csv'), `${adminToken},admin,1,system:masters\n`, { mode: 0o600 })
  return toWords({
    'etcd-servers': etcd,
    'bind-address': '127.0.0.1',
    'secure-port': String(port),
    'tls-cert-file': certificate,
    'tls-private-key-file': key,
    'cert-dir': folder,
    'token-auth-file': join(folder, 'tokens.csv'),
    'authorization-mode': 'RBAC',
    'service-account-key-file': key,
    'service-account-signing-key-file': key,
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-cluster-ip-range': '10.43.0.0/16,fd00:10:43::/112',
    // Nobody is there who would make the service accounts "default".
    'disable-admission-plugins': 'ServiceAccount',
    'endpoint-reconciler-type': 'none',
  })
}

function toWords(flags: Readonly<Record<string, string>>): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
}

function connect(folder: string, url: string, endAll: () => Promise<void>): ControlPlane {
  const caFile = join(folder, 'tls.crt')
  const ca = readFileSync(caFile)
  writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(kubeconfig(url, caFile)), { mode: 0o600 })
  const environment = {
    PATH: `${programs}:${process.env.PATH}`,
    KUBECONFIG: join(folder, 'kubeconfig'),
    HOME: folder,
  }
  const ask = (path: string, asked: Asked = {}, token = adminToken) => send(`${url}${path}`, ca, token, asked)
  return {
    folder,
    url,
    caFile,
    environment,
    ask,
    kubectl: (words, input) => runCommand(join(programs, 'kubectl'), words, input, environment),
    async tokenOf(namespace, name) {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
      const answer = await ask(path, { method: 'POST', body })
      if (answer.status !== 201) throw new Error(answer.body)
      return (JSON.parse(answer.body) as { status: { token: string } }).status.token
    },
    async watch(path, onChange) {
      const { metadata, items } = JSON.parse((await ask(path)).body) as {
        metadata: { resourceVersion: string }
        items: object[]
      }
      for (const item of items) onChange(item)
      return watch(`${url}${path}?watch=1&resourceVersion=${metadata.resourceVersion}`, ca, onChange)
    },
    async stop() {
      await endAll()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function kubeconfig(server: string, caFile: string): object {
  const named = (name: string, rest: object) => [{ name, ...rest }]
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: named('test', { cluster: { server, 'certificate-authority': caFile } }),
    users: named('admin', { user: { token: adminToken } }),
    contexts: named('test', { context: { cluster: 'test', user: 'admin' } }),
    'current-context': 'test',
  }
}

function send(url: string, ca: Buffer, token: string, asked: Asked): Promise<Answer> {
  const { method = 'GET', type = 'application/json', body } = asked
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': type }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, ca, headers, timeout: 30_000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      )
    })
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${url} had no answer`)))
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** The API server ends a watch after half an hour at the earliest; no test takes that long. */
function watch(url: string, ca: Buffer, onChange: (object: object) => void): Promise<() => void> {
  const headers = { Authorization: `Bearer ${adminToken}` }
  return new Promise((resolve, reject) => {
    const sent = request(url, { ca, headers, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the watch is answered with ${response.statusCode}`))
      let rest = ''
      response.setEncoding('utf8')
      response.on('error', () => {}) // it is ended by hand
      response.on('data', (part: string) => {
        const lines = (rest + part).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) onChange((JSON.parse(line) as { object: object }).object)
      })
      resolve(() => sent.destroy())
    })
    sent.on('error', reject)
    sent.end()
  })
}

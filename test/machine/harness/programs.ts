import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { must, onCleanup, run } from './command.ts'

/** The Debian releases that are booted. */
export type Debian = 'bookworm' | 'trixie' | 'forky'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
export const cache = process.env.MESHJOIN_CACHE ?? '/var/cache/meshjoin-test'

/** MESHJOIN_DEBIAN names one release, for work on one case; the tier runs all. */
export const debians: readonly Debian[] = (['bookworm', 'trixie', 'forky'] as const).filter(
  (name) => (process.env.MESHJOIN_DEBIAN ?? name) === name,
)

/** Changes daily, and shows first what the next systemd, cloud-init, nft and Python want otherwise. */
export const testing: Debian = 'forky'

/** `amd64` or `arm64`: the machine that is booted has the architecture of this one. */
export const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'

export const versions = { proxy: 'v2.368.0', newProxy: 'v2.369.0', agent: '1.15.3' } as const

/** An archive, laid out as its project publishes it. */
export interface Archive {
  readonly file: string
  readonly sha256: string
}

/** What is made once for all worlds of a run. */
export interface Programs {
  /** Folder that the download server publishes. */
  readonly folder: string
  readonly proxy: Archive
  /** The same at the version to which machines are upgraded. */
  readonly newProxy: Archive
  readonly agent: Archive
  /** As `proxy`, but with a binary that no machine can run. */
  readonly broken: Archive
  readonly spireServer: string
  readonly roots: Readonly<Record<string, string>>
  /** Debian packages that the bare root lacks, by release. */
  readonly packages: Readonly<Record<string, string>>
}

const tools: readonly [command: string, from: string][] = [
  ['ip', 'iproute2'],
  ['iptables', 'iptables'],
  ['systemd-nspawn', 'systemd-container'],
  ['mmdebstrap', 'mmdebstrap'],
  ['nsenter', 'util-linux'],
  ['flock', 'util-linux'],
  ['tcpdump', 'tcpdump'],
  ['openssl', 'openssl'],
  ['ssh', 'openssh-client'],
  ['curl', 'curl'],
  ['tar', 'tar'],
  ['dpkg-scanpackages', 'dpkg-dev'],
  ['docker-registry', 'docker-registry'],
  ['go', 'Go 1.26.6 or newer, from go.dev'],
  ['gcc', 'gcc (the datastore of the SPIRE server is C)'],
]

let made: Promise<Programs> | undefined

/** Builds and packs everything, once per run. Says what is missing, all of it. */
export function preparePrograms(): Promise<Programs> {
  made ??= prepare()
  return made
}

async function prepare(): Promise<Programs> {
  await checkTools()
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-machine-'))
  onCleanup(() => rmSync(folder, { recursive: true, force: true }))
  const spire = join(cache, 'spire')
  const [rootLines] = await Promise.all([
    must(join(repository, 'test/setup/roots.sh'), [...debians], { seconds: 900 }),
    must(join(repository, 'test/spire/build.sh'), [spire], { seconds: 1800 }),
  ])
  const roots = Object.fromEntries(
    rootLines
      .trim()
      .split('\n')
      .map((line) => line.split(' ')),
  ) as Record<string, string>
  const packages: Record<string, string> = {}
  for (const debian of debians) packages[debian] = await fetchPackages(debian, roots[debian] ?? '')
  const publish = join(folder, 'www')
  mkdirSync(publish)
  return {
    folder: publish,
    proxy: await packProxy(folder, publish, versions.proxy),
    newProxy: await packProxy(folder, publish, versions.newProxy),
    broken: await packBroken(folder, publish, proxyMember(versions.proxy)),
    agent: await pack(folder, publish, `spire-${versions.agent}-linux-${architecture}-musl.tar.gz`, [
      { member: `spire-${versions.agent}/bin/spire-agent`, binary: join(spire, 'spire-agent') },
    ]),
    spireServer: join(spire, 'spire-server'),
    roots,
    packages,
  }
}

async function checkTools(): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error('the machine tier boots machines: it has to run as root on Linux')
  }
  const missing: string[] = []
  for (const [command, from] of tools) {
    if ((await run('sh', ['-c', `command -v ${command}`])).code !== 0) missing.push(`${command} (${from})`)
  }
  if (missing.length > 0) throw new Error(`the machine tier needs ${missing.join(', ')}: install them`)
}

export function proxyMember(version: string): string {
  return `linkerd2-proxy-${version}-linux-${architecture}/linkerd2-proxy`
}

async function packProxy(work: string, publish: string, version: string): Promise<Archive> {
  const name = `linkerd2-proxy-${version}-linux-${architecture}.tar.gz`
  const binary = await buildProxy(work, version)
  return pack(work, publish, name, [{ member: proxyMember(version), binary }])
}

/** The stand-in, built to be of this version. */
export async function buildProxy(work: string, version: string): Promise<string> {
  const binary = join(work, `stand-in-${version}`)
  await must(
    'go',
    ['build', '-trimpath', '-ldflags', `-s -w -X main.version=${version}`, '-o', binary, '.'],
    {
      cwd: join(repository, 'test/machine/stand-in'),
      env: { ...process.env, CGO_ENABLED: '0' },
      seconds: 600,
    },
  )
  return binary
}

/** An archive of programs, each under its name in it; all of them are below one folder. */
export async function pack(
  work: string,
  publish: string,
  name: string,
  programs: readonly { readonly member: string; readonly binary: string }[],
): Promise<Archive> {
  const tree = mkdtempSync(join(work, 'tree-'))
  for (const { member, binary } of programs)
    await must('install', ['-D', '-m', '0755', binary, join(tree, member)])
  const top = programs[0]?.member.split('/')[0] ?? '.'
  const file = join(publish, name)
  // Members are named as upstream names them, without a leading "./".
  await must('tar', ['-C', tree, '--use-compress-program=gzip -1', '-cf', file, top])
  rmSync(tree, { recursive: true })
  return { file: name, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') }
}

/** An ELF header of another architecture and nothing behind it: the kernel refuses it. */
async function packBroken(work: string, publish: string, member: string): Promise<Archive> {
  const binary = join(work, 'broken')
  await must('sh', ['-c', `printf '\\177ELF\\002\\001\\001' >"$0"; head -c 200 /dev/zero >>"$0"`, binary])
  return pack(work, publish, 'broken.tar.gz', [{ member, binary }])
}

/** What stories install: what a root without curl and iptables lacks, the firewalls that they set upon our rules, and resolvers. */
const installed = 'curl iptables nftables ufw firewalld dnsmasq unbound dns-root-data network-manager'

/** These packages as a flat repository. Cached, and made anew when the list changes; of several runs at a time, one makes it. */
async function fetchPackages(debian: Debian, root: string): Promise<string> {
  const folder = join(cache, `${debian}.packages.${installed.replaceAll(' ', '-')}`)
  const nspawn =
    '--quiet --register=no --keep-unit --as-pid2 --pipe --volatile=overlay --resolv-conf=replace-host'
  const apt = `apt-get -q update && apt-get -q -y --auto-remove purge curl iptables && apt-get -q -y \
    --no-install-recommends -o Dir::Cache::archives=/var/cache/packages -o APT::Sandbox::User=root \
    --download-only install ${installed}`
  const script = `[ ! -e "$1/Packages" ] || exit 0
    rm -rf "$1.new"; mkdir -p "$1.new/partial"; cd "$1.new"
    systemd-nspawn ${nspawn} --bind="$1.new:/var/cache/packages" -D "$2" sh -c "$3"
    rm -rf partial lock; dpkg-scanpackages -m . >Packages 2>scan.log
    rm -rf "$1"; mv -T "$1.new" "$1"`
  await must('flock', [`${folder}.lock`, 'sh', '-euc', script, 'sh', folder, root, apt], { seconds: 900 })
  return folder
}

import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { generate } from '../../../lib/index.ts'
import { must, type Outcome, onCleanup, run } from '../../machine/harness/command.ts'
import { addNamespace, type Place, startWorker } from '../../machine/harness/namespace.ts'
import type { Variant } from './kernel.ts'

export const addresses = {
  machine: '203.0.113.42',
  outside: '203.0.113.1',
  /** In a network of the cluster, and served by the outside. */
  service: '10.42.0.30',
  stranger: '198.51.100.30',
  bridge: '172.17.0.1',
  container: '172.17.0.2',
} as const

/** A network namespace with the real `mesh-machine` and its files, an outside, and a container behind it. No systemd. */
export interface Host {
  readonly variant: Variant
  readonly machine: Place
  readonly outside: Place
  readonly container: Place
  /** A script as root on the machine; where it fails, this throws what it said. */
  readonly sh: (script: string) => Promise<string>
  /** As `sh`, whatever it says. */
  readonly run: (script: string) => Promise<Outcome>
  /** Puts the files of a document's machine in place. */
  readonly place: (document: object) => void
  /** The script that lists the rules of ours, without counters. */
  readonly listing: string
  /** What it says. */
  readonly ours: () => Promise<string>
}

let count = 0

export async function createHost(variant: Variant): Promise<Host> {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-host-'))
  onCleanup(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['run/lock', 'run/mesh-machine', 'sbin'])
    mkdirSync(join(folder, name), { recursive: true })
  await must('cp', ['-a', '/etc', join(folder, 'etc')])
  chooseIptables(join(folder, 'sbin'), variant)
  const prefix = `mj${process.pid}-${++count}`
  const [machine, outside, container] = [`${prefix}m`, `${prefix}o`, `${prefix}c`] as const
  for (const name of [machine, outside, container]) await addNamespace(name)
  await layLinks(machine, outside, container)
  const enter = `mount --bind "${folder}/etc" /etc; mount --bind "${folder}/run" /run; mount --bind "${folder}/sbin" /usr/local/sbin
    export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin; exec sh -euc "$0"`
  const inside = (script: string): [string, string[]] => [
    'ip',
    ['netns', 'exec', machine, 'unshare', '--mount', 'sh', '-euc', enter, script],
  ]
  const host: Host = {
    variant,
    machine: await startWorker(machine),
    outside: await startWorker(outside),
    container: await startWorker(container),
    sh: (script) => must(...inside(script)),
    run: (script) => run(...inside(script)),
    place: (document) => placeFiles(folder, document),
    listing: listing(variant),
    ours: () => host.sh(listing(variant)),
  }
  return host
}

/** As update-alternatives would: the plain names lead to the variant. */
function chooseIptables(folder: string, variant: Variant): void {
  if (variant === 'nftables') return
  for (const command of ['iptables', 'ip6tables'])
    for (const suffix of ['', '-save', '-restore'])
      symlinkSync(`/usr/sbin/${command}-${variant}${suffix}`, join(folder, `${command}${suffix}`))
}

function listing(variant: Variant): string {
  return variant === 'nftables'
    ? 'nft -s list table inet meshjoin 2>/dev/null || :'
    : `for t in iptables ip6tables; do $t-save -t nat | grep MESHJOIN_ | sed 's/ \\[.*//' || :; done`
}

function placeFiles(folder: string, document: object): void {
  const made = generate(document, { targets: ['systemd'] })
  if (!made.ok) throw new Error(JSON.stringify(made.diagnostics))
  rmSync(join(folder, 'etc/linkerd'), { recursive: true, force: true })
  for (const { path, content, mode } of made.value) {
    const [, where, name = ''] = /^systemd\/[^/]+\/(etc\/linkerd|usr\/local\/sbin)\/(.+)$/.exec(path) ?? []
    if (where === undefined) continue
    const file = where === 'etc/linkerd' ? join(folder, where, name) : join(folder, 'sbin', name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    chmodSync(file, mode)
  }
}

async function layLinks(machine: string, outside: string, container: string): Promise<void> {
  const ip = (namespace: string, ...words: string[]) => must('ip', ['-n', namespace, ...words])
  const link = async (name: string, near: string, far: string, farNamespace: string, more: string[]) => {
    await ip(machine, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', farNamespace)
    await ip(machine, 'address', 'add', near, 'dev', name)
    await ip(machine, 'link', 'set', name, 'up')
    for (const address of [far, ...more]) await ip(farNamespace, 'address', 'add', address, 'dev', 'eth0')
    await ip(farNamespace, 'link', 'set', 'eth0', 'up')
  }
  const served = [`${addresses.service}/32`, `${addresses.stranger}/32`]
  await link('host0', `${addresses.machine}/24`, `${addresses.outside}/24`, outside, served)
  await link('docker0', `${addresses.bridge}/16`, `${addresses.container}/16`, container, [])
  await ip(machine, 'route', 'add', 'default', 'via', addresses.outside)
  await ip(outside, 'route', 'add', 'default', 'via', addresses.machine)
  await ip(container, 'route', 'add', 'default', 'via', addresses.bridge)
  await must('ip', ['netns', 'exec', machine, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'])
}

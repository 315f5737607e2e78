import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addresses, names, ports } from './addresses.ts'
import { must, onCleanup, tryCommand } from './command.ts'
import { downloadAuthority, type Generated } from './document.ts'
import type { World } from './world.ts'

/** What a machine's root has besides the stock image. */
export interface RootOptions {
  readonly generated: Generated
  /** Without curl and iptables, which user-data then has to install. */
  readonly bare?: boolean
  readonly withoutApplication?: boolean
  /** The upper folder of another root, which has become an image: it goes over the stock root, and nothing else is added. */
  readonly image?: string
  /** Boots without user-data: the files then come some other way. */
  readonly withoutUserData?: boolean
  /** Further changes before the boot. */
  readonly edit?: (root: string) => Promise<void>
}

/** A private copy of the stock root: writes go to a layer above it. */
export async function createRoot(world: World, name: string, options: RootOptions): Promise<string> {
  const base = world.programs.roots[world.debian]
  if (base === undefined) throw new Error(`no root of ${world.debian}`)
  const folder = join(world.folder, name)
  const root = join(folder, 'root')
  for (const part of ['upper', 'work', 'root']) mkdirSync(join(folder, part), { recursive: true })
  const lower = options.image === undefined ? base : `${options.image}:${base}`
  const layers = `lowerdir=${lower},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`
  await must('mount', ['-t', 'overlay', 'meshjoin-test', '-o', layers, root])
  onCleanup(() => tryCommand('umount', '-l', root))
  if (options.image === undefined) await becomeImage(world, root, options)
  if (options.withoutUserData !== true) seed(root, options)
  place(root, '/etc/hostname', `${options.generated.name}\n`)
  await options.edit?.(root)
  return root
}

export function place(root: string, path: string, content: string, mode = 0o644): void {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  rmSync(file, { force: true })
  writeFileSync(file, content, { mode })
  chmodSync(file, mode)
}

/** What a cloud image has and a bare Debian has not: a network, a resolver, a package source, the operator's key. */
async function becomeImage(world: World, root: string, options: RootOptions): Promise<void> {
  place(root, '/etc/machine-id', '')
  place(
    root,
    '/etc/systemd/network/10-host0.network',
    `[Match]\nName=host0\n[Network]\nAddress=${addresses.machine}/24\nGateway=${addresses.gateway}\nDNS=${addresses.siteDns}\nLinkLocalAddressing=no\n`,
  )
  place(root, '/etc/cloud/cloud.cfg.d/99-network.cfg', 'network: {config: disabled}\n')
  place(root, '/etc/cloud/cloud.cfg.d/90-datasource.cfg', 'datasource_list: [NoCloud, None]\n')
  rmSync(join(root, 'etc/resolv.conf'), { force: true })
  symlinkSync('../run/systemd/resolve/stub-resolv.conf', join(root, 'etc/resolv.conf'))
  const enable = [
    'systemd-networkd.service',
    'systemd-networkd-wait-online.service',
    'systemd-resolved.service',
  ]
  if (options.withoutApplication !== true) {
    placeApplication(root)
    enable.push('application.service')
  }
  await must('chroot', [root, 'systemctl', '-q', 'enable', ...enable])
  rmSync(join(root, 'etc/apt/sources.list.d'), { recursive: true, force: true })
  place(root, '/etc/apt/sources.list', `deb [trusted=yes] http://${names.packages}/ ./\n`)
  // cloud-init would write its own list of mirrors over it.
  place(root, '/etc/cloud/cloud.cfg.d/91-apt.cfg', 'apt: {preserve_sources_list: true}\n')
  // Newer sshd stops talking to clients that never log in, which is what a poll of its banner looks like.
  if (world.debian !== 'bookworm')
    place(root, '/etc/ssh/sshd_config.d/poll.conf', 'PerSourcePenalties no\nMaxStartups 100\n')
  const key = join(world.folder, 'operator')
  if (!existsSync(key)) await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  mkdirSync(join(root, 'root/.ssh'), { recursive: true, mode: 0o700 })
  copyFileSync(`${key}.pub`, join(root, 'root/.ssh/authorized_keys'))
  appendFileSync(join(root, 'etc/ssh/sshd_config'), '\nPermitRootLogin prohibit-password\n')
  place(root, '/etc/cloud/cloud.cfg.d/92-root.cfg', 'disable_root: false\nssh_deletekeys: false\n')
  if (options.bare === true)
    await must('chroot', [root, 'apt-get', '-q', '-y', '--auto-remove', 'purge', 'curl', 'iptables'])
}

function placeApplication(root: string): void {
  const program = fileURLToPath(new URL('./application.py', import.meta.url))
  mkdirSync(join(root, 'srv'), { recursive: true })
  copyFileSync(program, join(root, 'srv/application.py'))
  place(
    root,
    '/etc/systemd/system/application.service',
    `[Unit]
Description=An application that knows nothing of the mesh
[Service]
User=www-data
AmbientCapabilities=CAP_NET_BIND_SERVICE
ExecStart=/usr/bin/python3 /srv/application.py ${addresses.service} ${addresses.stranger} ${ports.echo} ${ports.probe}
Restart=always
[Install]
WantedBy=multi-user.target
`,
  )
}

function seed(root: string, { generated }: RootOptions): void {
  place(root, '/var/lib/cloud/seed/nocloud/user-data', generated.userData, 0o600)
  place(root, '/var/lib/cloud/seed/nocloud/meta-data', generated.metaData)
}

/** What the operator of the machine brings along: the token, and the authority of their own download server. */
export function placeOperatorFiles(root: string, world: World, token: string | undefined): void {
  if (token !== undefined) place(root, '/etc/spire/join-token', `${token}\n`, 0o600)
  place(root, downloadAuthority, world.authorities.text(world.authorities.downloads.certificate))
}

/** The world in IPv6 as well: the same places, the same services, and a machine that has one family or both. */
import { addresses, names, ports, addresses6 as six } from './addresses.ts'
import { must } from './command.ts'
import { makeDocument } from './document.ts'
import { place } from './root.ts'
import type { World } from './world.ts'

/** Everything that there is by IPv4 is there by IPv6, and the site's and the cluster's DNS say so there alone. */
export async function addIpv6(world: World): Promise<void> {
  const { cluster, outside, router } = world
  await must('ip', ['netns', 'exec', router, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1'])
  await address(router, 'cluster', `${six.clusterGateway}/64`)
  await address(router, 'outside', `${six.outsideGateway}/64`)
  await address(cluster.name, 'eth0', `${six.cluster}/64`)
  for (const one of [six.spire, six.client, six.destination, six.policy, six.service, six.clusterDns])
    await address(cluster.name, 'eth0', `${one}/128`)
  await address(outside.name, 'eth0', `${six.outside}/64`)
  for (const one of [six.siteDns, six.downloads, six.stranger])
    await address(outside.name, 'eth0', `${one}/128`)
  for (const network of ['fd00:10:42::/64', 'fd00:10:43::/64', `${six.spire}/128`])
    await must('ip', ['-n', router, 'route', 'add', network, 'via', six.cluster])
  await must('ip', [
    ...['-n', cluster.name, 'route', 'add', 'default', 'via', six.clusterGateway],
    ...['src', six.client],
  ])
  await must('ip', ['-n', outside.name, 'route', 'add', 'default', 'via', six.outsideGateway])
  await startServices(world)
}

async function startServices({ cluster, outside, programs, authorities, debian }: World): Promise<void> {
  await Promise.all([
    cluster.call('startDns', {
      address: six.clusterDns,
      records: { [names.destination]: six.destination, [names.policy]: six.policy },
    }),
    cluster.call('listen', { address: six.destination, port: 8086 }),
    cluster.call('listen', { address: six.policy, port: 8090 }),
    ...[ports.echo, ports.probe].flatMap((port) => [
      cluster.call('listen', { address: six.service, port }),
      outside.call('listen', { address: six.stranger, port }),
    ]),
    outside.call('startDns', {
      address: six.siteDns,
      records: {
        [names.spire]: six.spire,
        [names.downloads]: six.downloads,
        [names.packages]: six.downloads,
      },
    }),
    outside.call('startFiles', {
      address: six.downloads,
      port: 8443,
      folder: programs.folder,
      key: authorities.server.key,
      certificate: authorities.server.certificate,
    }),
    outside.call('startFiles', {
      address: six.downloads,
      port: 80,
      folder: programs.packages[debian] ?? '',
    }),
  ])
}

function address(namespace: string, device: string, text: string): Promise<string> {
  return must('ip', ['-n', namespace, 'address', 'add', text, 'dev', device, 'nodad'])
}

/** The document of a machine with IPv6, alone or beside IPv4. */
export function makeDocument6(world: World, isAlone: boolean): unknown {
  const document = makeDocument(world) as {
    mesh: { clusterNetworks: string[]; dns: { servers: string[] } }
    machines: { addresses: string[] }[]
  }
  const networks = ['fd00:10:42::/64', 'fd00:10:43::/64']
  const { mesh, machines } = document
  mesh.clusterNetworks = isAlone ? networks : [...mesh.clusterNetworks, ...networks]
  mesh.dns.servers = isAlone ? [six.clusterDns] : [...mesh.dns.servers, six.clusterDns]
  for (const machine of machines)
    machine.addresses = isAlone ? [six.machine] : [...machine.addresses, six.machine]
  return document
}

/** The machine's network, and an application that listens on IPv6; without IPv4 there is loopback and nothing else. */
export function placeNetwork6(root: string, isAlone: boolean): void {
  const four = `Address=${addresses.machine}/24\nGateway=${addresses.gateway}\nDNS=${addresses.siteDns}\n`
  place(
    root,
    '/etc/systemd/network/10-host0.network',
    `[Match]\nName=host0\n[Network]\n${isAlone ? '' : four}Address=${six.machine}/64\nGateway=${six.gateway}\nDNS=${six.siteDns}\nIPv6AcceptRA=no\nLinkLocalAddressing=ipv6\n`,
  )
  place(
    root,
    '/etc/systemd/system/application6.service',
    `[Service]
User=www-data
AmbientCapabilities=CAP_NET_BIND_SERVICE
ExecStart=/usr/bin/python3 /srv/application.py ${six.service} ${six.stranger} ${ports.echo} ${ports.probe} ::
Restart=always
[Install]
WantedBy=multi-user.target
`,
  )
}

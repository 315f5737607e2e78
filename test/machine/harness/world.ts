import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addresses, addresses6, identity, names, ports } from './addresses.ts'
import { type Authorities, makeAuthorities } from './authority.ts'
import { cleanUpTo, cleanupMark, must, onCleanup, run, tryCommand } from './command.ts'
import { addNamespace, type Place, startWorker } from './namespace.ts'
import { type Debian, type Programs, preparePrograms } from './programs.ts'
import { createSpireServer, type SpireServer } from './spire-server.ts'

/** Everything around a machine: networks, DNS, SPIRE, the control plane's ports, downloads, and those who look at it. */
export interface World {
  readonly debian: Debian
  readonly programs: Programs
  readonly authorities: Authorities
  /** Scratch folder, removed with the world. */
  readonly folder: string
  readonly cluster: Place
  readonly outside: Place
  readonly spire: SpireServer
  /** Address of the download server. */
  readonly downloads: string
  /** Name of the namespace that routes between the others. */
  readonly router: string
  /** Makes the machine's namespace, with a cable to the router and no address; deletes an earlier one. */
  readonly plugIn: () => Promise<string>
  readonly startDownloads: () => Promise<void>
  readonly stopDownloads: () => Promise<void>
  readonly startPackages: () => Promise<void>
  readonly stopPackages: () => Promise<void>
  readonly startClusterDns: (address?: string, silent?: boolean) => Promise<void>
  readonly stopClusterDns: (address?: string) => Promise<void>
  readonly close: () => void
}

/** Builds a world in which everything is up. */
export async function createWorld(debian: Debian): Promise<World> {
  const programs = await preparePrograms()
  const mark = cleanupMark()
  try {
    return await build(debian, programs, mark)
  } catch (error) {
    cleanUpTo(mark)
    throw error
  }
}

async function build(debian: Debian, programs: Programs, mark: number): Promise<World> {
  const id = `mj${randomBytes(3).toString('hex')}`
  const folder = mkdtempSync('/var/tmp/meshjoin-machine-')
  onCleanup(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const authorities = await makeAuthorities(folder, names.downloads)
  const place = { router: `${id}-r`, cluster: `${id}-c`, outside: `${id}-o`, machine: `${id}-m` }
  await layNetwork(place)
  nameMachine(place.cluster)
  const [cluster, outside] = await Promise.all([startWorker(place.cluster), startWorker(place.outside)])
  const spireFolder = join(folder, 'spire')
  mkdirSync(spireFolder)
  const spire = createSpireServer({
    program: programs.spireServer,
    folder: spireFolder,
    namespace: place.cluster,
    upstream: authorities.mesh,
    machineAuthority: authorities.downloads.certificate,
    hostAuthority: authorities.hostAuthority,
  })
  const clusterRecords = { [names.destination]: addresses.destination, [names.policy]: addresses.policy }
  const world: World = {
    debian,
    programs,
    authorities,
    folder,
    cluster,
    outside,
    spire,
    downloads: `https://${names.downloads}:8443`,
    router: place.router,
    plugIn: () => plugIn(place),
    startDownloads: () =>
      outside.call('startFiles', {
        address: addresses.downloads,
        port: 8443,
        folder: programs.folder,
        key: authorities.server.key,
        certificate: authorities.server.certificate,
      }),
    stopDownloads: () => outside.call('close', { address: addresses.downloads, port: 8443 }),
    startPackages: () =>
      outside.call('startFiles', {
        address: addresses.downloads,
        port: 80,
        folder: programs.packages[debian] ?? '',
      }),
    stopPackages: () => outside.call('close', { address: addresses.downloads, port: 80 }),
    startClusterDns: (address = addresses.clusterDns, silent = false) =>
      cluster.call('startDns', { address, records: clusterRecords, silent }),
    stopClusterDns: (address = addresses.clusterDns) => cluster.call('stopDns', { address }),
    close: () => cleanUpTo(mark),
  }
  await startServices(world)
  return world
}

async function startServices(world: World): Promise<void> {
  const { cluster, outside } = world
  await Promise.all([
    world.startClusterDns(),
    cluster.call('listen', { address: addresses.destination, port: 8086 }),
    cluster.call('listen', { address: addresses.policy, port: 8090 }),
    cluster.call('listen', { address: addresses.service, port: ports.echo }),
    cluster.call('listen', { address: addresses.service, port: ports.probe }),
    outside.call('listen', { address: addresses.stranger, port: ports.echo }),
    outside.call('listen', { address: addresses.stranger, port: ports.probe }),
    outside.call('startDns', {
      address: addresses.siteDns,
      key: world.authorities.server.key,
      certificate: world.authorities.server.certificate,
      records: {
        [names.spire]: addresses.spire,
        [names.downloads]: addresses.downloads,
        [names.packages]: addresses.downloads,
      },
    }),
    world.startDownloads(),
    world.startPackages(),
    world.spire.start(),
  ])
  await world.spire.addEntry(identity.spiffeId, identity.parent, 'unix:uid:2102')
}

interface Names {
  readonly router: string
  readonly cluster: string
  readonly outside: string
  readonly machine: string
}

async function layNetwork(place: Names): Promise<void> {
  for (const name of [place.router, place.cluster, place.outside]) await addNamespace(name)
  onCleanup(() => tryCommand('ip', 'netns', 'delete', place.machine))
  await must('ip', ['netns', 'exec', place.router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'])
  await cable(
    place.router,
    'cluster',
    addresses.clusterGateway,
    place.cluster,
    addresses.cluster,
    addresses.spire,
    addresses.client,
    addresses.destination,
    addresses.policy,
    addresses.service,
    addresses.clusterDns,
    addresses.otherClusterDns,
  )
  await cable(
    place.router,
    'outside',
    addresses.outsideGateway,
    place.outside,
    addresses.outside,
    addresses.siteDns,
    addresses.downloads,
    addresses.stranger,
  )
  for (const network of ['10.42.0.0/16', '10.43.0.0/16'])
    await must('ip', ['-n', place.router, 'route', 'add', network, 'via', addresses.cluster])
  // Who dials from the cluster is a pod.
  await must('ip', [
    ...['-n', place.cluster, 'route', 'replace', 'default', 'via', addresses.clusterGateway],
    ...['src', addresses.client],
  ])
}

async function cable(
  router: string,
  link: string,
  gateway: string,
  namespace: string,
  address: string,
  ...more: readonly string[]
): Promise<void> {
  await must('ip', [
    ...['link', 'add', link, 'netns', router, 'type', 'veth'],
    ...['peer', 'name', 'eth0', 'netns', namespace],
  ])
  await must('ip', ['-n', router, 'address', 'add', `${gateway}/24`, 'dev', link])
  await must('ip', ['-n', router, 'link', 'set', link, 'up'])
  await must('ip', ['-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0'])
  for (const other of more)
    await must('ip', ['-n', namespace, 'address', 'add', `${other}/32`, 'dev', 'eth0'])
  await must('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up'])
  await must('ip', ['-n', namespace, 'route', 'add', 'default', 'via', gateway])
}

/** Who runs in the namespace knows the machine by a name, as a SPIRE server does that calls it back. */
function nameMachine(namespace: string): void {
  const folder = `/etc/netns/${namespace}`
  mkdirSync(folder, { recursive: true })
  onCleanup(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost\n${addresses.machine} ${names.machine}\n`)
}

/** A new namespace each time, so that a reboot finds no rule, address or connection of the boot before. */
async function plugIn(place: Names): Promise<string> {
  // The cable first: a namespace goes some time after it is deleted, and its end of the cable with it.
  await run('ip', ['-n', place.router, 'link', 'delete', 'machine'])
  await run('ip', ['netns', 'delete', place.machine])
  await must('ip', ['netns', 'add', place.machine])
  await must('ip', [
    ...['link', 'add', 'machine', 'netns', place.router, 'type', 'veth'],
    ...['peer', 'name', 'host0', 'netns', place.machine],
  ])
  await must('ip', ['-n', place.router, 'address', 'add', `${addresses.gateway}/24`, 'dev', 'machine'])
  await must('ip', [
    '-n',
    place.router,
    'address',
    'add',
    `${addresses6.gateway}/64`,
    'dev',
    'machine',
    'nodad',
  ])
  await must('ip', ['-n', place.router, 'link', 'set', 'machine', 'up'])
  return place.machine
}

import { resolverEntries } from '../kinds/resolvers/index.ts'
import { agentUnit, proxyUnit, serverUnit, stages, type Unit } from '../kinds/unit.ts'
import type { UnitView } from './unit-view.ts'

/** A unit, and which machines have it. */
export interface MachineUnit extends Unit {
  /** Left out: every machine. */
  readonly when?: (view: UnitView) => boolean
  /** True for one that user-data for a platform with little room leaves out. */
  readonly isExtra?: boolean
}

/** The units that depend on the DNS provider. */
const resolverUnits = resolverEntries.flatMap(([provider, resolver]) =>
  resolver.units.map((unit): MachineUnit => ({ ...unit, when: (view) => view.resolver === provider })),
)

/** Every unit that a machine may have. Nothing else in this library knows their names but the templates themselves. */
export const units: readonly MachineUnit[] = [
  ...resolverUnits,
  { name: 'linkerd-mesh.target' },
  { name: 'mesh-machine-boot.service', stage: 'routes', when: (view) => view.finds },
  { name: 'linkerd-mesh-routes.service', stage: 'routes', restartOn: [], when: (view) => view.hasRoutes },
  { name: serverUnit, stage: 'identity', when: (view) => view.colocated },
  { name: 'mesh-machine-enroll.service', when: (view) => view.colocated },
  {
    name: agentUnit,
    stage: 'identity',
    restartOn: ['agent', '/etc/spire/agent.json'],
    when: (view) => view.managedAgent,
  },
  { name: proxyUnit, stage: 'traffic', restartOn: ['proxy', '/etc/linkerd/*.env'] },
  { name: 'linkerd-redirect.service', stage: 'traffic' },
  { name: 'linkerd-redirect-early.service', when: (view) => view.failsClosed },
  { name: 'linkerd-redirect-assert.service' },
  { name: 'linkerd-redirect-assert.timer', stage: 'upkeep', restartOn: [] },
  {
    name: 'linkerd-redirect-watch.service',
    stage: 'upkeep',
    isExtra: true,
    // The command and what it takes from it.
    restartOn: ['/usr/local/sbin/mesh-machine*', '/etc/linkerd/mesh-machine.conf'],
  },
  // Not restarted where it changes: user-data for EC2 would carry that line.
  { name: 'linkerd-certificate.timer', stage: 'upkeep', isExtra: true },
  { name: 'linkerd-certificate.service', isExtra: true },
  // The timer of the certificate starts it.
  { name: 'mesh-machine-doctor.timer', isExtra: true },
  { name: 'mesh-machine-doctor.service', isExtra: true },
  // Ends for systemd to start it anew where it or its settings change.
  { name: 'linkerd-metrics.service', stage: 'upkeep', when: (view) => view.textfileDirectory !== '' },
  { name: 'mesh-machine-join.service' },
  { name: 'mesh-machine-join.timer' },
]

/** One `Wants=` line of `linkerd-mesh.target`. */
export interface WantsLine {
  readonly first: string
  readonly others: readonly string[]
}

const types = ['service', 'timer', 'path']

/** What runs, before what starts it at times. */
function compareTypes(a: Unit, b: Unit): number {
  const place = ({ name }: Unit) => types.indexOf(name.slice(name.lastIndexOf('.') + 1))
  return place(a) - place(b)
}

/** The lines of a machine: one for each stage that it has units of. */
export function listWants(view: UnitView): WantsLine[] {
  const there = units.filter(({ when }) => when === undefined || when(view)).sort(compareTypes)
  return stages.flatMap((stage) => {
    const [first, ...others] = there.filter((unit) => unit.stage === stage).map(({ name }) => name)
    return first === undefined ? [] : [{ first, others }]
  })
}

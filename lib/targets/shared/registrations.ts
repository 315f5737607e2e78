import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { planRegistration, type Registration, type RegistrationEntry } from '../../plan/registration.ts'

/** An entry as templates have it. */
export interface EntryView {
  readonly id: string
  readonly spiffeId: string
  readonly parentId: string
  readonly selectors: readonly string[]
  /** Seconds; 0 for the server's default. */
  readonly ttl: number
  readonly hint: string
}

export function viewEntry(entry: RegistrationEntry): EntryView {
  const { id, spiffeId, parentId, selectors, x509SvidTtl = 0, hint } = entry
  return { id, spiffeId, parentId, selectors, ttl: x509SvidTtl, hint }
}

/** What the operator registers, for READMEs: of every machine, and what nobody but they can know. */
export function viewRegistrations(config: ResolvedConfig, machines: readonly ResolvedMachine[]) {
  const all = machines.map((machine) => planRegistration(config, machine))
  const entriesOf = (perInstance: boolean) =>
    all.flatMap((one) => (one.perInstance === perInstance ? one.entries.map(viewEntry) : []))
  const unknown = all.filter(({ parent }) => parent === 'unknown').map(viewUnknown)
  return {
    entries: entriesOf(false),
    instanceEntries: entriesOf(true),
    hasAlias: all.some(({ parent }) => parent === 'alias'),
    unknown,
    isExisting: config.spire.agent.from === 'existing',
  }
}

function viewUnknown({ name, parentId, missing }: Registration) {
  return { name, parentId, missing: missing.map((field) => `attestation.${field}`).join(', ') }
}

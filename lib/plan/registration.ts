import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { strToU8 } from 'fflate'
import { goSeconds } from '../config/duration.ts'
import { instanceName, isAgentId } from '../config/identity.ts'
import type { MachineAttestation, ResolvedConfig, ResolvedMachine } from '../config/resolved.ts'

/** An entry of a SPIRE server. There is no field for DNS names: the proxy refuses a certificate that has one. */
export interface RegistrationEntry {
  /** Made of the machine's name, so that a second registration finds it. Letters, digits, `-`, `.` and `_`, as SPIRE asks. */
  readonly id: string
  readonly spiffeId: string
  readonly parentId: string
  /** As `type:value`, sorted. */
  readonly selectors: readonly string[]
  /** Seconds; undefined for the server's default. */
  readonly x509SvidTtl: number | undefined
  /**
   * The machine's name; empty on an alias. It must differ between identities: of two with one hint the agent hands out the older
   * alone.
   */
  readonly hint: string
}

/** What the SPIRE server must hold for a machine. */
export interface Registration {
  /** Of the machine; or of the group of instances. */
  readonly name: string
  /** The agent's alias first, where it needs one. Instances have {@link instanceName} in what is made of the name of each. */
  readonly entries: readonly RegistrationEntry[]
  /** Whether `entries` are as many as there are instances, each with its name. */
  readonly perInstance: boolean
  /** Where the parent comes from. */
  readonly parent:
    | 'alias'
    | 'agent'
    /** `spire-server token generate -spiffeID <parentId>` makes the alias. */
    | 'token'
    /** The operator's: of an agent that is there already, or that nothing in the document tells from others. */
    | 'unknown'
  readonly parentId: string
  /** Fields of `machines[].attestation` without which nobody can give the agent its alias. */
  readonly missing: readonly (keyof MachineAttestation)[]
}

/** How the IDs of our entries begin, by which a registration knows them again. */
const entryPrefix = 'meshjoin.'
/** Those of instances are made by whatever makes the instances, so that no registration misses them in the document. */
const instancePrefix = 'meshjoin-instance.'

/** The entries of a machine: that of its proxy, and that of its agent's alias where the attestor's selectors give one. */
export function planRegistration(config: ResolvedConfig, machine: ResolvedMachine): Registration {
  const { name, parentId, identity, node, boot } = machine
  const { selectors, server, trustDomain } = config.spire
  const parent = parentOf(machine)
  const alias: RegistrationEntry[] =
    parent === 'alias' && node?.by === 'selectors'
      ? [
          {
            id: entryId(machine, 'node', [parentId, ...node.selectors]),
            spiffeId: parentId,
            parentId: `spiffe://${trustDomain}/spire/server`,
            selectors: [...node.selectors].sort(),
            x509SvidTtl: undefined,
            hint: '',
          },
        ]
      : []
  const proxy: RegistrationEntry = {
    id: entryId(machine, 'proxy', [parentId, identity.spiffeId]),
    spiffeId: identity.spiffeId,
    parentId,
    selectors: [...selectors].sort(),
    x509SvidTtl: server.x509SvidTtl === undefined ? undefined : goSeconds(server.x509SvidTtl),
    hint: isSymbolic([parentId, identity.spiffeId]) ? instanceName : name,
  }
  const entries = [...alias, proxy]
  return {
    name,
    entries,
    perInstance: boot?.name !== undefined && entries.some(({ id }) => isSymbolic([id])),
    parent,
    parentId,
    missing: node?.by === 'nothing' ? node.missing : [],
  }
}

function parentOf({ parentId, node }: ResolvedMachine): Registration['parent'] {
  if (isAgentId(parentId)) return 'agent'
  if (node?.by === 'selectors') return 'alias'
  return node?.by === 'token' ? 'token' : 'unknown'
}

/**
 * Instances that have all of an entry in common have it once, under the name of their group. It is a name of Kubernetes too, and
 * those have 253 characters at most.
 */
function entryId({ name }: ResolvedMachine, kind: 'node' | 'proxy', values: readonly string[]): string {
  const id = (middle: string) => `${entryPrefix}${middle}.${kind}`
  if (isSymbolic(values)) return `${instancePrefix}${instanceName}.${kind}`
  return id(name).length > 253 ? id(bytesToHex(sha256(strToU8(name)))) : id(name)
}

function isSymbolic(values: readonly string[]): boolean {
  return values.some((value) => value.includes(instanceName))
}

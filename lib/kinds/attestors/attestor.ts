import type { ServerAttestation } from '../../config/own-server.ts'
import type { AttestationOptions, MachineAttestation, NodeIdentity } from '../../config/resolved.ts'
import type { spireSince } from '../../config/versions.ts'
import type { Need } from '../packages.ts'
import { agentUnit } from '../unit.ts'

/** A value of JSON. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json }

/** A file that only root can read, handed to the agent as a systemd credential. */
export interface Credential {
  readonly id: string
  /** The file on the machine; placed by the operator, never by meshjoin. */
  readonly source: string
  /** Not secret; what the agent reads where the file is gone. Empty where it must be there. */
  readonly fallback: string
}

/** Where the agent reads a credential: systemd puts there what `LoadCredential=` of its unit names. */
export function credentialPath(id: string): string {
  return `/run/credentials/${agentUnit}/${id}`
}

/** An option of `spire.agent.attestation`. */
export interface AttestorOption {
  readonly required?: true
  /** Another way to say what this option says: one of both is needed, and no more. */
  readonly insteadOf?: keyof AttestationOptions
  /** Where it is made, and so not given, if the SPIRE server is on the machine. */
  readonly madeWhenColocated?: string
  /** Its name in the `plugin_data` of SPIRE's agent; left out where it goes elsewhere. */
  readonly key?: string
  /** Of a file that only root can read: the agent is not root, and gets it as this credential. */
  readonly credential?: Pick<Credential, 'id'> & Partial<Pick<Credential, 'fallback'>>
  /** Its value is a secret, and becomes this file of the machine, for root alone; `leave` removes what is in that folder. */
  readonly becomes?: `/var/lib/linkerd/${string}`
  /** The agent's configuration is the same on all machines, and a value of this one right on one of them only. */
  readonly forOneMachine?: true
  /** What the agent is told where the document says nothing; left out where it knows by itself. */
  readonly default?: string
}

/** What the agent's unit has for an attestor, beyond what any agent may do. */
export interface UnitNeeds {
  /** The one device of the machine that it opens. */
  readonly device?: string
  /** The group of the machine that the device belongs to. */
  readonly group?: string
  /** Runs as root before the agent starts: a program of ours that only such machines have. */
  readonly before?: 'mesh-machine-token'
  /** As systemd calls them. */
  readonly capabilities?: readonly string[]
}

/** What the server's plugin has to know, from `spire.server.attestation` and otherwise. */
export interface ServerSide {
  readonly options: { readonly [Name in keyof ServerAttestation]?: ServerOption }
  /** What of its `plugin_data` comes from the agent's own options. */
  readonly data?: (options: GivenOptions) => { readonly [key: string]: Json }
}

/** An option of `spire.server.attestation`. */
export interface ServerOption {
  readonly required?: true
  /** Its name in the `plugin_data` of SPIRE's server. */
  readonly key: string
  /** Of a file: the credential by which it reaches the server. */
  readonly credential?: string
}

/** The options of an attestation but for secrets. A document that is being checked may lack any of them. */
export type GivenOptions = {
  readonly [Name in Exclude<keyof AttestationOptions, 'insecureToken'>]?: AttestationOptions[Name] | undefined
}

/** What of a machine decides about its node. A document that is being checked may lack any of it. */
export interface NodeFacts {
  /** Of instances, what stands for the name. */
  readonly name: string
  readonly given: { readonly [Name in keyof MachineAttestation]?: MachineAttestation[Name] | undefined }
  readonly options: GivenOptions
}

/**
 * What is known of a node attestor (SPIRE's doc/plugin_agent_nodeattestor_*.md and doc/plugin_server_nodeattestor_*.md), what it puts
 * on a machine, and what it asks of the operator.
 */
export interface Attestor {
  readonly options: { readonly [Name in keyof AttestationOptions]?: AttestorOption }
  /** What it takes of `machines[].attestation`. */
  readonly machineOptions: readonly (keyof MachineAttestation)[]
  /** What the server's plugin knows a machine by. */
  readonly nodeOf: (facts: NodeFacts) => NodeIdentity
  readonly server: ServerSide
  /** Whether an agent whose identity has run out may attest again (`CanReattest` of the server's plugin). */
  readonly canReattest: boolean
  /** What it asks of the agent with these options, and why; undefined where the oldest that we support can do it. */
  readonly needsAgent?: (
    options: GivenOptions,
  ) => { readonly feature: keyof typeof spireSince; readonly why: string } | undefined
  /** Settings of the agent itself, beside its plugins. */
  readonly agentSettings?: (options: AttestationOptions) => { readonly [key: string]: Json }
  /** Packages beside those of any machine. */
  readonly needs?: readonly Need[]
  /** What its unit must allow. */
  readonly unit?: (options: AttestationOptions) => UnitNeeds
  /** The port that the SPIRE server dials; undefined where it does not. */
  readonly listens?: (options: GivenOptions) => number | undefined
  /** The URL of whom the agent asks besides the SPIRE server. */
  readonly asks?: (options: AttestationOptions) => string
  /** Lines of `mesh-machine.conf`, by name; an empty text is no line. */
  readonly machineData?: (options: AttestationOptions) => Readonly<Record<string, string>>
  /** The file of a secret that is made anew for each machine; undefined where there is none. */
  readonly secretFile?: (options: AttestationOptions) => string | undefined
  /** What the operator does before a machine joins: a template below `templates/`, and its data. */
  readonly steps: {
    readonly template: string
    readonly data: (options: AttestationOptions) => Readonly<Record<string, string>>
  }
}

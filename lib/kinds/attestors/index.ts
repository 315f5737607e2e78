import type { Draft } from '../../config/draft.ts'
import type {
  Agent,
  Attestation,
  AttestationOptions,
  AttestorType,
  NodeIdentity,
} from '../../config/resolved.ts'
import type { Secret } from '../../config/secret.ts'
import {
  type Attestor,
  type AttestorOption,
  type Credential,
  credentialPath,
  type Json,
  type NodeFacts,
} from './attestor.ts'
import { awsIid } from './aws-iid.ts'
import { azureImds } from './azure-imds.ts'
import { gcpIit } from './gcp-iit.ts'
import { httpChallenge } from './http-challenge.ts'
import { joinToken } from './join-token.ts'
import { sshpop } from './sshpop.ts'
import { tpmDevid } from './tpm-devid.ts'
import { x509pop } from './x509pop.ts'

/** Every node attestor of the language, by its name there and in SPIRE. */
export const attestors: Readonly<Record<AttestorType, Attestor>> = {
  join_token: joinToken,
  x509pop,
  sshpop,
  tpm_devid: tpmDevid,
  aws_iid: awsIid,
  gcp_iit: gcpIit,
  azure_imds: azureImds,
  http_challenge: httpChallenge,
}

/** What the SPIRE server knows a machine by; undefined where its agent is there already, or nothing says how it attests. */
export function nodeOf(
  { spire }: Draft,
  name: string,
  given: NodeFacts['given'] | undefined,
): NodeIdentity | undefined {
  const { type, ...options } = spire?.agent?.attestation ?? {}
  if (spire?.agent?.from === 'existing' || type === undefined) return undefined
  return attestors[type].nodeOf({ name, given: given ?? {}, options })
}

/** Options that nobody gives where the SPIRE server is on the machine, which makes them. */
export function optionsMadeThere(type: AttestorType): AttestationOptions {
  const made = Object.entries(attestors[type].options).flatMap(([name, { madeWhenColocated: path }]) =>
    path === undefined ? [] : [[name, path]],
  )
  return Object.fromEntries(made)
}

/** The lines of an attestation in `mesh-machine.conf`. */
export function attestationData(attestation: Attestation): Readonly<Record<string, string>> {
  return attestors[attestation.type].machineData?.(attestation.options) ?? {}
}

/** A secret of the document, and the file of the machine that it becomes. */
export interface SecretFile {
  readonly path: string
  readonly secret: Secret
}

/** The secrets that the document has for the agent: none, but where it asks for that by name. */
export function attestationSecrets({ type, options }: Attestation): SecretFile[] {
  return Object.entries(options).flatMap(([name, secret]) => {
    const { becomes: path } = attestors[type].options[name as keyof AttestationOptions] ?? {}
    return path === undefined || typeof secret !== 'object' ? [] : [{ path, secret }]
  })
}

/**
 * The options that a document gives, and those that the agent is told anyway, with what the attestor knows of them. Of a secret
 * it is the file.
 */
function givenOptions({
  type,
  options,
}: Attestation): (AttestorOption & { readonly value: string | number })[] {
  const known = attestors[type].options
  const given = Object.keys(options) as (keyof AttestationOptions)[]
  const told = (Object.keys(known) as (keyof AttestationOptions)[]).filter(
    (name) => known[name]?.default !== undefined && !given.includes(name),
  )
  return [...given, ...told].flatMap((name) => {
    const option = known[name]
    const value = option?.becomes ?? options[name] ?? option?.default
    return option === undefined || value === undefined || typeof value === 'object'
      ? []
      : [{ ...option, value }]
  })
}

/** The files that reach the agent as credentials. */
export function attestationCredentials(attestation: Attestation): Credential[] {
  return givenOptions(attestation).flatMap(({ credential, value }) =>
    credential === undefined ? [] : [{ fallback: '', ...credential, source: String(value) }],
  )
}

/** The `plugin_data` of the agent's plugin: what the document says, by the plugin's own names. */
export function pluginData(attestation: Attestation): Json {
  return Object.fromEntries(
    givenOptions(attestation).flatMap(({ key, credential, value }) =>
      key === undefined ? [] : [[key, credential === undefined ? value : credentialPath(credential.id)]],
    ),
  )
}

/** The port that the SPIRE server dials to attest the machine; undefined where it does not, or the agent is not ours. */
export function challengePort(agent: Agent): number | undefined {
  if (agent.from !== 'managed') return undefined
  const { attestation } = agent
  return attestors[attestation.type].listens?.(attestation.options)
}

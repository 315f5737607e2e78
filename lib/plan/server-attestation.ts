import type { ServerAttestation } from '../config/own-server.ts'
import type { Attestation } from '../config/resolved.ts'
import type { Credential, Json, ServerOption } from '../kinds/attestors/attestor.ts'
import { attestors } from '../kinds/attestors/index.ts'

type Given = ServerOption & { readonly value: string | readonly string[] }

/** The options that a document gives, with what the attestor knows of them. */
function listOptions({ type }: Attestation, given: ServerAttestation): Given[] {
  const known = attestors[type].server.options
  return (Object.keys(given) as (keyof ServerAttestation)[]).flatMap((name) => {
    const option = known[name]
    const value = given[name]
    return option === undefined || value === undefined ? [] : [{ ...option, value }]
  })
}

/** The files with which the server judges machines, as credentials. */
export function serverCredentials(attestation: Attestation, given: ServerAttestation): Credential[] {
  return listOptions(attestation, given).flatMap(({ credential: id, value }) =>
    id === undefined ? [] : [{ id, source: String(value), fallback: '' }],
  )
}

/** The `plugin_data` of the server's plugin, by its own names; files stand where `placeOf` has their credentials. */
export function serverPluginData(
  attestation: Attestation,
  given: ServerAttestation,
  placeOf: (id: string) => string,
): Json {
  const options = listOptions(attestation, given).map(({ key, credential, value }): [string, Json] => [
    key,
    credential === undefined ? value : placeOf(credential),
  ])
  return {
    ...attestors[attestation.type].server.data?.(attestation.options),
    ...Object.fromEntries(options),
  }
}

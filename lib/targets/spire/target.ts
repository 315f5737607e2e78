import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import { printEntries } from '../../files/server-files.ts'
import { readText, renderTemplate } from '../../files/template.ts'
import { planRegistration } from '../../plan/registration.ts'
import { emitReadme } from '../shared/operator-docs.ts'
import { viewEntry } from '../shared/registrations.ts'
import { type Target, textArtifact } from '../shared/target.ts'
import { printManifests, printShown } from './entries.ts'
import { emitServer } from './server.ts'

/** `spire/`: what the SPIRE server needs to know of the machines, and the server itself where the document asks for one. */
export const spireTarget: Target = {
  name: 'spire',
  purpose: 'what the SPIRE server has to know of the machines',
  placesMachineFiles: false,
  check: () => {},
  emitShared: emitSpire,
}

/** One after the other: of a large fleet each of these is a large text. */
function* emitSpire(config: ResolvedConfig, machines: readonly ResolvedMachine[]): Iterable<Artifact> {
  const registrations = machines.map((machine) => planRegistration(config, machine))
  const entries = registrations.flatMap((registration) =>
    registration.perInstance ? [] : registration.entries,
  )
  yield emitReadme('spire', config, machines)
  yield textArtifact(
    'spire/commands.sh',
    renderTemplate('spire/commands.sh.hbs', { entries: entries.map(viewEntry) }),
    0o755,
  )
  yield textArtifact('spire/entries.json', printEntries(entries))
  yield textArtifact('spire/entries.txt', printShown(entries))
  yield textArtifact('spire/entries.yaml', printManifests(entries))
  yield textArtifact('spire/register', readText('spire/register.sh'), 0o755)
  yield* emitServer(config)
}

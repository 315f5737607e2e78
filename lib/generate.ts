import type { Artifact } from './artifact.ts'
import { resolveDocument } from './config/resolve.ts'
import type { ResolvedConfig, ResolvedMachine } from './config/resolved.ts'
import {
  type Config,
  fail,
  type Input,
  locateDiagnostic,
  type Result,
  succeed,
  validate,
} from './config/validate.ts'
import {
  collectDiagnostics,
  type Diagnostic,
  hasErrors,
  type Report,
  sortDiagnostics,
} from './diagnostics/diagnostic.ts'
import { readablePath } from './diagnostics/pointer.ts'
import { suggestWord } from './diagnostics/suggestion.ts'
import { printFiles } from './files/machine-files.ts'
import { createPlanner } from './plan/plan.ts'
import { selectMachines } from './select.ts'
import { targets as builtTargets } from './targets/index.ts'
import { emitAttributes } from './targets/shared/attributes.ts'
import { checkFolders } from './targets/shared/firewall.ts'
import { emitOutputReadme } from './targets/shared/output-readme.ts'
import { emitSbom } from './targets/shared/sbom.ts'
import { type Place, type Target, targetNames } from './targets/shared/target.ts'

/** What to generate. */
export interface GenerateOptions {
  /**
   * Names of targets. Default: every target that is built, and then a field that only others read is an error. Named, they
   * are all that is wanted, and a note says what is left out.
   */
  readonly targets?: readonly string[]
  /** Names of machines; default all. */
  readonly machines?: readonly string[]
}

/** The lazy form of {@link generate}: one machine's artifacts are in memory at a time. */
export interface Generation {
  /**
   * Makes the artifacts, sorted by path. May be called again, and then makes the same ones. What only the output shows
   * (user-data above a platform's limit) is in `diagnostics` once an iteration has come to its end.
   */
  readonly artifacts: () => Iterable<Artifact>
  /** Findings about the document and, after an iteration, about the output. An error means: do not use the artifacts. */
  readonly diagnostics: () => readonly Diagnostic[]
}

/** Everything that the document asks for, at once. Nothing is returned where there is an error. */
export function generate(input: Input, options: GenerateOptions = {}): Result<readonly Artifact[]> {
  const lazy = generateLazily(input, options)
  if (!lazy.ok) return lazy
  const artifacts = [...lazy.value.artifacts()]
  const diagnostics = lazy.value.diagnostics()
  return hasErrors(diagnostics) ? fail(diagnostics) : succeed(artifacts, diagnostics)
}

/** As {@link generate}, for fleets: memory does not grow with the number of machines. */
export function generateLazily(input: Input, options: GenerateOptions = {}): Result<Generation> {
  const checked = validate(input)
  if (!checked.ok) return checked
  const config = resolveDocument(checked.value.document)
  const { diagnostics, report } = collectDiagnostics()
  const targets = chooseTargets(options.targets, report)
  const machines = selectMachines(config, options.machines, report)
  if (targets.some(({ emitMachine }) => emitMachine !== undefined)) checkFolders(config, report)
  for (const target of targets) target.check(config, report)
  const known = sortDiagnostics([...checked.diagnostics, ...locateAll(diagnostics, checked.value)])
  if (hasErrors(known)) return fail(known)

  let output: readonly Diagnostic[] = []
  const artifacts = function* (): Iterable<Artifact> {
    const found = collectDiagnostics()
    yield* emitAll(targets, { config, machines, place: createPlace(checked.value) }, found.report)
    output = found.diagnostics
  }
  return succeed(
    { artifacts, diagnostics: () => sortDiagnostics([...known, ...locateAll(output, checked.value)]) },
    known,
  )
}

/** What is generated, for which machines. */
interface Wanted {
  readonly config: ResolvedConfig
  readonly machines: readonly ResolvedMachine[]
  readonly place: Place
}

function createPlace({ locate }: Config): Place {
  return (path) => {
    const line = locate === undefined ? '' : `, line ${locate(path).line}`
    return `${readablePath(path)}${line}`
  }
}

/** The folders of the targets, and what is beside them where its path comes. */
function* emitAll(targets: readonly Target[], wanted: Wanted, report: Report): Iterable<Artifact> {
  if (targets.length === 0) return
  const { config, machines } = wanted
  const top = [
    emitAttributes(),
    emitOutputReadme(targets, config, machines),
    ...emitSbom(targets, config, machines),
  ]
  const parts: { path: string; emit: () => Iterable<Artifact> }[] = [
    ...top.map((artifact) => ({ path: artifact.path, emit: () => [artifact] })),
    ...targets.map((target) => ({
      path: `${target.name}/`,
      emit: () => emitTarget(target, wanted, report),
    })),
  ]
  for (const { emit } of parts.sort((a, b) => (a.path < b.path ? -1 : 1))) yield* emit()
}

/** One machine after the other, and what is beside their folders where its path comes. */
function* emitTarget(
  target: Target,
  { config, machines, place }: Wanted,
  report: Report,
): Iterable<Artifact> {
  if (target.emitMachine === undefined) return yield* target.emitShared(config, machines, place)
  const shared = target.emitShared(config, machines, place)[Symbol.iterator]()
  const planMachine = createPlanner(config)
  let page = shared.next()
  for (const machine of machines) {
    const folder = `${target.name}/${machine.name}/`
    for (; page.done !== true && page.value.path < folder; page = shared.next()) yield page.value
    const plan = planMachine(machine)
    const isFirst = machine === machines[0]
    yield* target.emitMachine({ machine, plan, files: () => printFiles(plan), isFirst }, config, report)
  }
  for (; page.done !== true; page = shared.next()) yield page.value
}

function chooseTargets(names: readonly string[] | undefined, report: Report): Target[] {
  if (names === undefined) return [...builtTargets]
  for (const name of names) {
    if (!(targetNames as readonly string[]).includes(name)) {
      report('target-unknown', '', {
        target: name,
        suggestion: suggestWord(name, targetNames),
        known: targetNames,
      })
    }
  }
  return builtTargets.filter((target) => names.includes(target.name))
}

function locateAll(diagnostics: readonly Diagnostic[], config: Config): Diagnostic[] {
  return diagnostics.map((diagnostic) => locateDiagnostic(diagnostic, config.locate))
}

import type { Artifact } from '../../artifact.ts'
import type { ResolvedConfig, ResolvedMachine } from '../../config/resolved.ts'
import type { Report } from '../../diagnostics/diagnostic.ts'
import type { MachineFile } from '../../files/machine-files.ts'
import type { MachinePlan } from '../../plan/plan.ts'

/** Every target. */
export const targetNames = [
  'ansible',
  'cloud-init',
  'image',
  'kubernetes',
  'monitoring',
  'spire',
  'systemd',
] as const

export type TargetName = (typeof targetNames)[number]

/** What a target is handed for one machine. */
export interface MachineInput {
  /** All that the document says of it, with defaults and its group applied. */
  readonly machine: ResolvedMachine
  readonly plan: MachinePlan
  /** Its files, printed when they are asked for: only a target that `placesMachineFiles` may ask. */
  readonly files: () => readonly MachineFile[]
  /** True for the first machine of a run, by which a target reports what is alike for all of them. */
  readonly isFirst: boolean
}

/**
 * What a reader of the output is told about where something comes from, by the JSON Pointer of it: `machines[3], line 74`; without the
 * line where the input was no text.
 */
export type Place = (path: string) => string

/** A family of artifacts. Targets do not know of each other; all place the same files. */
export interface Target {
  readonly name: TargetName
  /** What its folder is, in a few words, for the README at the top of the output. */
  readonly purpose: string
  /** True for a target that places the files of machines, and so needs every one of their choices to be built. */
  readonly placesMachineFiles: boolean
  /** Paths of files that it does not bring to machines, where there are any; the others that place them bring all. */
  readonly leavesOut?: (config: ResolvedConfig) => readonly string[]
  /** Reports what the target itself cannot do. Runs before anything is emitted. */
  readonly check: (config: ResolvedConfig, report: Report) => void
  /** The artifacts of one machine, in the folder `<target>/<machine>/`, if it has any. Reports what only the output shows. */
  readonly emitMachine?: (input: MachineInput, config: ResolvedConfig, report: Report) => Iterable<Artifact>
  /** The artifacts beside the machines' folders, in `<target>/`, sorted by path. Asked for one after the other. */
  readonly emitShared: (
    config: ResolvedConfig,
    machines: readonly ResolvedMachine[],
    place: Place,
  ) => Iterable<Artifact>
}

/** A text artifact without secrets. */
export function textArtifact(path: string, content: string, mode: Artifact['mode'] = 0o644): Artifact {
  return { path, mode, content, sensitive: false }
}

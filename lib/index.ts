/**
 * meshjoin: one checked document in, everything that a machine outside Kubernetes needs to join a Linkerd mesh out.
 *
 * Every function is synchronous and total: bad input gives diagnostics, never an exception. Nothing here touches a file, a
 * clock, a network or an environment, so it runs unchanged in Node, a browser and an edge worker.
 */
import { resolveDocument } from './config/resolve.ts'
import type { PlatformName, ResolvedConfig } from './config/resolved.ts'
import { fail, type Input, type Result, succeed, validate } from './config/validate.ts'
import { collectDiagnostics, hasErrors } from './diagnostics/diagnostic.ts'
import { printFiles } from './files/machine-files.ts'
import type { Flow } from './plan/flow.ts'
import { createPlanner, type MachinePlan } from './plan/plan.ts'
import { selectMachines } from './select.ts'
import { type CloudInitPart, createParts } from './targets/cloud-init/parts.ts'
import { type CloudConfig, chooseFiles, createCloudConfig } from './targets/cloud-init/target.ts'

export type { Artifact } from './artifact.ts'
export { type Locate, type Parsed, parse } from './config/parse.ts'
export type { PlatformName, ResolvedConfig, ResolvedMachine } from './config/resolved.ts'
export { type Config, type Input, type Result, validate } from './config/validate.ts'
export type { DiagnosticCode } from './diagnostics/catalogue.ts'
export type { Diagnostic, Location, Severity } from './diagnostics/diagnostic.ts'
export { type FormatOptions, formatDiagnostic } from './diagnostics/format.ts'
export { type ExplainedRule, type Explanation, explain, type Question } from './explain.ts'
export { type GenerateOptions, type Generation, generate, generateLazily } from './generate.ts'
export type { MeshjoinDocument } from './generated/document.ts'
export type { Fate } from './plan/decision.ts'
export type { Flow } from './plan/flow.ts'
export type { MachinePlan, MeshPlan } from './plan/plan.ts'
export type { RedirectRule } from './plan/rule.ts'
export type { CloudInitPart } from './targets/cloud-init/parts.ts'
export { measureUserData, type UserDataSize } from './targets/cloud-init/platform.ts'
export { type CloudConfig, printCloudConfig } from './targets/cloud-init/target.ts'
export { type TargetName, targetNames } from './targets/shared/target.ts'

/** Fills in every default and applies groups to machines. Addresses are parsed, versions placed, certificates normalised. */
export function resolve(input: Input): Result<ResolvedConfig> {
  const checked = validate(input)
  return checked.ok ? succeed(resolveDocument(checked.value.document), checked.diagnostics) : checked
}

/** What each machine (or each of the named ones) must end up with, whichever target brings it there; sorted by name. */
export function plan(input: Input, options: PlanOptions = {}): Result<readonly MachinePlan[]> {
  const resolved = resolve(input)
  if (!resolved.ok) return resolved
  const { diagnostics, report } = collectDiagnostics()
  const machines = selectMachines(resolved.value, options.machines, report)
  const all = [...resolved.diagnostics, ...diagnostics]
  return hasErrors(all) ? fail(all) : succeed(machines.map(createPlanner(resolved.value)), all)
}

/** Which machines to plan. */
export interface PlanOptions {
  /** Names of machines; default all. */
  readonly machines?: readonly string[]
}

/**
 * The `#cloud-config` of a planned machine as data, for programs that merge it into their own: append `packages`,
 * `write_files` and `runcmd` to yours. {@link printCloudConfig} writes it as user-data.
 */
export function cloudConfig(machine: MachinePlan, options: CloudConfigOptions = {}): CloudConfig {
  return createCloudConfig(
    machine,
    chooseFiles(printFiles(machine), {
      platform: options.platform,
      meshLayer: machine.mesh.delivery,
    }),
  )
}

/**
 * The user-data of a planned machine as parts of a message, to put beside parts of your own: as `parts` of `getConfig` of
 * `@pulumi/cloudinit`, or, with `contentType` as `content_type` and `mergeType` as `merge_type`, as the `part` blocks of
 * Terraform's `cloudinit_config`. Put yours first. On EC2 both need `gzip`, and this function `{platform: 'ec2'}`.
 *
 * Every value of the document must be known by then: with a late one, call it within `apply`.
 */
export function cloudInitParts(machine: MachinePlan, options: CloudConfigOptions = {}): CloudInitPart[] {
  return createParts(cloudConfig(machine, options))
}

/** For which platform a cloud-config is. */
export interface CloudConfigOptions {
  /**
   * Leaves out comments and what joining does not need where a platform has little room, as `generate` does for the document's
   * `cloudInit.platform`. Default: everything.
   */
  readonly platform?: PlatformName | undefined
}

/** Every connection that a planned machine makes or accepts, for security groups and firewalls. */
export function flows(machine: MachinePlan): readonly Flow[] {
  return machine.flows
}

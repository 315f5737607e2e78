import { checkAddresses } from './addresses.ts'
import { checkAgentPorts } from './agent-ports.ts'
import { checkAnnotations } from './annotations.ts'
import type { Check } from './context.ts'
import { checkIdentities } from './identity.ts'
import { checkInstalls } from './installs.ts'
import { checkMachines } from './machines.ts'
import { checkMigrations } from './migrations.ts'
import { checkNames } from './names.ts'
import { checkNodes } from './nodes.ts'
import { checkPolicies } from './policies.ts'
import { checkProxySettings } from './proxy.ts'
import { checkReadiness } from './readiness.ts'
import { checkRedirect } from './redirect.ts'
import { checkSelectors } from './selectors.ts'
import { checkServices } from './services.ts'
import { checkSpireSettings } from './spire.ts'
import { checkSpireServer } from './spire-server.ts'
import { checkTrust } from './trust.ts'
import { checkVersions } from './versions.ts'
import { checkWorkloads } from './workloads.ts'

/** Every check of several fields. They do not depend on each other; the order means nothing. */
export const checks: readonly Check[] = [
  checkVersions,
  checkTrust,
  checkNames,
  checkAddresses,
  checkMachines,
  checkIdentities,
  checkNodes,
  checkInstalls,
  checkProxySettings,
  checkAnnotations,
  checkSpireSettings,
  checkAgentPorts,
  checkSelectors,
  checkSpireServer,
  checkServices,
  checkMigrations,
  checkWorkloads,
  checkPolicies,
  checkRedirect,
  checkReadiness,
]

import type { Machine, Redirect as RedirectInput } from '../generated/document.ts'
import { defaultBackend } from '../kinds/backends/index.ts'
import type { Settings } from './layers.ts'
import type { Redirect, RedirectScope, ResolvedMachine } from './resolved.ts'

/** What a group gives to its machines and targets build files from. */
export type SharedSettings = Pick<ResolvedMachine, 'ports' | 'defaultInboundPolicy' | 'redirect'>

/** The settings of a machine. */
export type SettingsResolver = (
  machine: Pick<Partial<Machine>, 'group' | 'ports'>,
  settings: Settings,
) => SharedSettings

/** Machines that say nothing of these settings themselves share the objects of their group. */
export function createSettingsResolver(ipv6: boolean): SettingsResolver {
  const shared = new Map<string | undefined, SharedSettings>()
  return (machine, settings) => {
    if (machine.ports !== undefined) return resolveSettings(settings, ipv6)
    const found = shared.get(machine.group) ?? resolveSettings(settings, ipv6)
    shared.set(machine.group, found)
    return found
  }
}

/** Fills in the defaults of settings that were merged. */
export function resolveSettings(settings: Settings, ipv6: boolean): SharedSettings {
  return {
    ports: (settings.ports ?? []).flatMap((port) =>
      port?.name === undefined || port.port === undefined
        ? []
        : [{ name: port.name, port: port.port, opaque: port.opaque ?? false }],
    ),
    defaultInboundPolicy: settings.proxy?.defaultInboundPolicy ?? 'all-unauthenticated',
    redirect: resolveRedirect(settings.redirect as RedirectInput | undefined, ipv6),
  }
}

function resolveRedirect(redirect: RedirectInput = {}, ipv6: boolean): Redirect {
  return {
    backend: redirect.backend ?? defaultBackend,
    ipv6: redirect.ipv6 ?? ipv6,
    inbound: resolveScope(redirect.inbound, 'declared'),
    outbound: resolveScope(redirect.outbound, 'cluster'),
    onProxyFailure: redirect.onProxyFailure ?? 'closed',
  }
}

function resolveScope(
  scope: RedirectInput['inbound'] | RedirectInput['outbound'],
  fallback: RedirectScope['scope'],
): RedirectScope {
  return {
    scope: scope?.scope ?? fallback,
    exemptPorts: scope?.exemptPorts ?? [],
    exemptNetworks: scope?.exemptNetworks ?? [],
    exemptUsers: scope?.exemptUsers ?? [],
    exemptInterfaces: scope?.exemptInterfaces ?? [],
    fromNetworks: scope !== undefined && 'fromNetworks' in scope ? (scope.fromNetworks ?? []) : [],
    onlyUsers: scope !== undefined && 'onlyUsers' in scope ? (scope.onlyUsers ?? []) : [],
  }
}

import type { NodeIdentity } from './resolved.ts'

/** What stands for the name of an instance, which finds it when it boots. No name of a document has braces. */
export const instanceName = '{name}'

/** Default names of a machine. They are part of the contract: policies and registration entries repeat them. */

export function defaultSpiffeId(trustDomain: string, namespace: string, name: string): string {
  return `spiffe://${trustDomain}/${namespace}/${name}`
}

export function defaultServerName(clusterDomain: string, namespace: string, name: string): string {
  return `${name}.${namespace}.${clusterDomain}`
}

/** The ID of the agent itself, where the server knows it by nothing else; a node alias otherwise. */
export function defaultParentId(trustDomain: string, name: string, node: NodeIdentity | undefined): string {
  return node?.by === 'agent'
    ? `spiffe://${trustDomain}/spire/agent/${node.path}`
    : `spiffe://${trustDomain}/meshjoin/node/${name}`
}

/** Whether the path is in SPIRE's own name space (`IsReservedPath` of pkg/common/idutil). */
export function isReservedId(id: string): boolean {
  return /^spiffe:\/\/[^/]*\/spire(\/|$)/.test(id)
}

/** Whether a parent is an agent, rather than an alias of one. */
export function isAgentId(id: string): boolean {
  return /^spiffe:\/\/[^/]*\/spire\/agent\/./.test(id)
}

/** Why a SPIFFE ID is unusable; undefined where it is fine. Linkerd's ExternalWorkload takes 253 characters. */
export function spiffeIdFault(id: string): string | undefined {
  const match = /^spiffe:\/\/([a-z0-9._-]+)(\/.*)$/.exec(id)
  if (match === null) return 'it has no trust domain or no path'
  if (id.length > 253) return 'it is longer than 253 characters'
  const segments = (match[2] ?? '').slice(1).split('/')
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return 'a path segment is empty or dots'
  return segments.every((segment) => /^[A-Za-z0-9._-]+$/.test(segment))
    ? undefined
    : 'a path segment has other characters'
}

/** The trust domain of a SPIFFE ID. */
export function trustDomainOf(id: string): string {
  return /^spiffe:\/\/([^/]*)/.exec(id)?.[1] ?? ''
}

/** Why a name cannot be sent as TLS SNI; undefined where it is fine. */
export function serverNameFault(name: string): string | undefined {
  if (name.length > 253) return 'it is longer than 253 characters'
  if (name.endsWith('.')) return 'it ends in a dot'
  const labels = name.split('.')
  if (labels.some((label) => label.length > 63)) return 'a label is longer than 63 characters'
  if (labels.every((label) => /^[0-9]+$/.test(label))) return 'it looks like an IP address'
  return labels.every((label) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label))
    ? undefined
    : 'it is not a DNS name'
}

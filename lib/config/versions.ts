/**
 * What Linkerd, proxy and SPIRE versions mean for the generated files.
 * Sources: the `version-2.N` tags, `.proxy-version` and the release notes of linkerd/linkerd2, the tags of
 * linkerd/linkerd2-proxy, and SPIRE's changelog.
 */

/** A version as comparable numbers. */
export type Numbers = readonly number[]

/** Negative where `a` is older than `b`, zero where equal. Missing parts count as zero. */
export function compareNumbers(a: Numbers, b: Numbers): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** The numbers of a dotted version such as `v2.326.0` or `1.15.3`; a suffix is not looked at. */
export function parseNumbers(version: string): Numbers {
  const digits = /[0-9]+(\.[0-9]+)*/.exec(version)?.[0] ?? '0'
  return digits.split('.').map(Number)
}

/** One row of Linkerd's version map: a stable line, the edge release it was cut from, its proxy. */
interface LinkerdRelease {
  readonly line: Numbers
  readonly edge: Numbers
  readonly proxy: string
}

const releases: readonly LinkerdRelease[] = [
  { line: [2, 15], edge: [24, 2, 4], proxy: 'v2.221.0' },
  { line: [2, 16], edge: [24, 8, 2], proxy: 'v2.246.0' },
  { line: [2, 17], edge: [24, 11, 8], proxy: 'v2.268.0' },
  { line: [2, 18], edge: [25, 4, 4], proxy: 'v2.294.0' },
  { line: [2, 19], edge: [25, 10, 7], proxy: 'v2.326.0' },
  { line: [2, 20], edge: [26, 6, 4], proxy: 'v2.359.0' },
]
/** Edge releases that no stable line was cut from, with their proxies. */
const edges: readonly Omit<LinkerdRelease, 'line'>[] = [
  { edge: [26, 8, 3], proxy: 'v2.366.0' },
  { edge: [26, 9, 1], proxy: 'v2.368.0' },
]
const newestEdge: Numbers = [26, 10, 1]

/** The newest versions that this release of meshjoin knows. */
export const newestKnown = { edge: 'edge-26.10.1', stable: '2.20', proxy: 'v2.369.0' } as const

/** A Linkerd version, placed on the line of edge releases by which features are dated. */
export interface LinkerdVersion {
  readonly text: string
  /** The edge release that it equals or was cut from. */
  readonly edge: Numbers
  /** The proxy that it ships with; undefined for an edge release between the known ones. */
  readonly proxy: string | undefined
  readonly newerThanKnown: boolean
}

/**
 * Reads `edge-YY.M.N`, `2.N[.P]` or `enterprise-2.N.P`; undefined where the text is none of them. `v2.N.P` and
 * `stable-2.N.P`, which Linkerd's own command printed up to 2.14, are the same as `2.N.P`.
 */
export function parseLinkerdVersion(text: string): LinkerdVersion | undefined {
  const edge = /^edge-([0-9]+)\.([0-9]+)\.([0-9]+)$/.exec(text)
  if (edge !== null) return placeEdge(text, edge.slice(1).map(Number))
  const stable = /^(?:enterprise-|stable-|v)?2\.([0-9]+)(?:\.[0-9]+)?/.exec(text)
  return stable === null ? undefined : placeStable(text, Number(stable[1]))
}

function placeEdge(text: string, edge: Numbers): LinkerdVersion {
  const newerThanKnown = compareNumbers(edge, newestEdge) > 0
  const exact = [...releases, ...edges].find((release) => compareNumbers(release.edge, edge) === 0)
  return { text, edge: newerThanKnown ? newestEdge : edge, proxy: exact?.proxy, newerThanKnown }
}

function placeStable(text: string, minor: number): LinkerdVersion {
  const release = releases.find((candidate) => candidate.line[1] === minor)
  if (release !== undefined) return { text, edge: release.edge, proxy: release.proxy, newerThanKnown: false }
  const newest = releases.at(-1)
  const newerThanKnown = minor > (newest?.line[1] ?? 0)
  return { text, edge: newerThanKnown ? newestEdge : [0], proxy: undefined, newerThanKnown }
}

/** What a Linkerd control plane can do, by the edge release that brought it. */
export const linkerdSince = {
  externalWorkload: { edge: [24, 2, 4], name: 'edge-24.2.4 (2.15)' },
  /** The status of an ExternalWorkload is a subresource, so that a manifest cannot set it. */
  statusSubresource: { edge: [24, 3, 5], name: 'edge-24.3.5 (2.16)' },
  /** Until here Linkerd has no GRPCRoute with a Server as its parent. */
  grpcRoute: { edge: [24, 7, 1], name: 'edge-24.7.1 (2.16)' },
  /** A Server says what becomes of those whom no authorization lets in. */
  serverAccessPolicy: { edge: [24, 7, 4], name: 'edge-24.7.4 (2.16)' },
  dualStack: { edge: [24, 9, 1], name: 'edge-24.9.1 (2.17)' },
  /** The Gateway API of Linkerd's chart has GRPCRoute v1; v1alpha2 before. */
  gatewayV1: { edge: [25, 2, 3], name: 'edge-25.2.3 (2.18)' },
  transportHeader: { edge: [25, 3, 2], name: 'edge-25.3.2 (2.18)' },
  /** The destination controller, too, heeds a Server in its own namespace alone. */
  namespacedServers: { edge: [26, 5, 2], name: 'edge-26.5.2 (2.20)' },
  namespacedSelectors: { edge: [26, 6, 2], name: 'edge-26.6.2 (2.20)' },
  /** Until here a port that a Service does not list was let through where a ServiceProfile covered the name. */
  undefinedPortsRefused: { edge: [26, 7, 1], name: 'edge-26.7.1' },
  /** Until here deleting an ExternalWorkload that a client uses makes the destination controller restart. */
  safeDeletion: { edge: [26, 8, 4], name: 'edge-26.8.4' },
} as const satisfies Record<string, { edge: Numbers; name: string }>

/** True where the version has the feature. */
export function linkerdHas(version: LinkerdVersion, feature: keyof typeof linkerdSince): boolean {
  return compareNumbers(version.edge, linkerdSince[feature].edge) >= 0
}

/** Linkerd releases that cannot work with machines, with the release to use instead. */
export const brokenLinkerd: Readonly<Record<string, { readonly reason: string; readonly use: string }>> = {
  'edge-25.3.2': { reason: 'it dials a port that external workloads do not name', use: 'edge-25.3.4' },
  'edge-25.3.3': { reason: 'it dials a port that external workloads do not name', use: 'edge-25.3.4' },
  'edge-25.11.2': { reason: 'its proxy cannot talk to a SPIRE agent', use: 'edge-25.11.3' },
}

/** Proxies that never get an identity from a SPIRE agent. */
export const brokenProxies: Readonly<Record<string, { readonly use: string }>> = {
  'v2.329.0': { use: 'v2.331.0' },
  'v2.330.0': { use: 'v2.331.0' },
}

/** What a proxy can do, by the first version that can. */
export const proxySince = {
  externalWorkload: 'v2.221.0',
  outboundListenAddresses: 'v2.228.0',
  http2KeepAlive: 'v2.246.0',
  userTimeouts: 'v2.253.0',
  platformInAssetName: 'v2.287.0',
  coresMinMax: 'v2.294.0',
  workloadApiAddress: 'v2.304.0',
  /** It asks again after an empty DNS answer; until here it may fail for good (linkerd2#14954). */
  emptyDnsAnswer: 'v2.343.0',
} as const

/** True where the proxy has the feature; a version newer than known counts as the newest. */
export function proxyHas(version: string, feature: keyof typeof proxySince): boolean {
  return compareNumbers(parseNumbers(version), parseNumbers(proxySince[feature])) >= 0
}

/**
 * The oldest SPIRE that we support: the first whose agent reads a join token from a file. Before it a token stands on the
 * command line, where every user of the machine can read it. The readers tier asks this release, too, about what we make
 * (test/spire/oldest).
 */
export const oldestSpire = '1.13.3'

/** First SPIRE releases after it that know a setting. */
export const spireSince = {
  azureImds: '1.14.0',
  disableSds: '1.15.3',
} as const

/** True where the SPIRE release knows the setting. */
export function spireHas(version: string, feature: keyof typeof spireSince): boolean {
  return isSince(version, spireSince[feature])
}

/** True where we support the SPIRE release; newer ones than we know count as the newest. */
export function isSupportedSpire(version: string): boolean {
  return isSince(version, oldestSpire)
}

function isSince(version: string, first: string): boolean {
  return compareNumbers(parseNumbers(version), parseNumbers(first)) >= 0
}

/** Upstream's release of the proxy; the platform is in its name since v2.287.0. The tag's slash is encoded. */
export function proxyUrl(version: string): string {
  const platform = proxyHas(version, 'platformInAssetName') ? 'linux-' : ''
  const base = 'https://github.com/linkerd/linkerd2-proxy/releases/download'
  return `${base}/release%2F{version}/linkerd2-proxy-{version}-${platform}{arch}.tar.gz`
}

/** Upstream's release of SPIRE: static builds against musl. */
export const spireUrl =
  'https://github.com/spiffe/spire/releases/download/v{version}/spire-{version}-linux-{arch}-musl.tar.gz'

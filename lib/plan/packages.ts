import type { Attestation, Install, RedirectBackend, ResolverProvider } from '../config/resolved.ts'
import { attestors } from '../kinds/attestors/index.ts'
import { backends } from '../kinds/backends/index.ts'
import { alike, type Family, families, type Need } from '../kinds/packages.ts'
import { resolvers } from '../kinds/resolvers/index.ts'

/** `cloudInit.distribution`. */
export type Distribution = Family | 'amazon'

/** Beside dnf's libraries there is always curl, often of `curl-minimal`, which cannot be installed together with `curl`. */
export const curl: Need = { anyOf: ['curl', 'wget'], packages: alike('curl'), stock: ['rhel'] }

const authorities: Need = {
  // The dnf family keeps the authorities in the file, and has no such command.
  anyOf: ['update-ca-certificates', '/etc/pki/tls/certs/ca-bundle.crt'],
  packages: alike('ca-certificates'),
  stock: [],
}

/** What a machine needs that downloads. */
const downloading: readonly Need[] = [authorities, curl]

/** wget cannot be told what a registry may have: a password for its own eyes, and no redirect to http. */
const asking: readonly Need[] = [authorities, { ...curl, anyOf: ['curl'] }]

/** wget cannot dial a socket of the machine. */
const dialling: Need = { ...curl, anyOf: ['curl'] }

const unpacking: readonly Need[] = [
  { anyOf: ['tar'], packages: alike('tar'), stock: ['debian'] },
  { anyOf: ['gzip'], packages: alike('gzip'), stock: ['debian'] },
]

/** What every machine needs. The first shows the proxy's certificate; images have it. */
const always: readonly Need[] = [
  { anyOf: ['openssl'], packages: alike('openssl'), stock: [...families] },
  { anyOf: ['ss'], packages: { debian: 'iproute2', rhel: 'iproute', suse: 'iproute2' }, stock: [] },
]

/** The needs of any machine that downloads, but for those of its backend and its resolver. */
export const usualNeeds: readonly Need[] = [...downloading, ...always, ...unpacking]

/** What a DNS provider needs. */
export function resolverNeeds(provider: ResolverProvider): readonly Need[] {
  return resolvers[provider].needs
}

/** What of a plan decides about packages. */
export interface PackageChoice {
  readonly proxy: { readonly install: Install }
  readonly agent:
    | { readonly program: { readonly install: Install }; readonly attestation: Attestation }
    | undefined
  readonly redirect: { readonly backend: RedirectBackend }
  readonly resolver: { readonly provider: ResolverProvider }
}

/** What a machine needs to fetch its mesh layer. */
export const layerNeeds: readonly Need[] = [...downloading, ...unpacking]

/** The needs of the machines of a plan. The one list: of user-data, the role, and what `mesh-machine` asks for. */
export function planNeeds({ proxy, agent, redirect, resolver }: PackageChoice): Need[] {
  const sources = [proxy.install.from, agent?.program.install.from]
  const downloads = sources.includes('download') || sources.includes('image')
  return [
    ...(sources.includes('image') ? asking : downloads ? downloading : []),
    ...(agent === undefined ? [dialling] : []),
    ...always,
    ...backends[redirect.backend].needs,
    ...(downloads ? unpacking : []),
    ...resolverNeeds(resolver.provider),
    ...((agent && attestors[agent.attestation.type].needs) ?? []),
  ]
}

/** Names of the packages that a stock image of a distribution may lack. */
export function listPackages(planned: readonly Need[], distribution: Distribution): string[] {
  const family = distribution === 'amazon' ? 'rhel' : distribution
  return planned.filter(({ stock }) => !stock.includes(family)).map(({ packages }) => packages[family])
}

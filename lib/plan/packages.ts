import type { Install, RedirectBackend, ResolverProvider } from '../config/resolved.ts'

/** Families of distributions, by what installs packages: apt, dnf and zypper. */
export const families = ['debian', 'rhel', 'suse'] as const
export type Family = (typeof families)[number]

/** `cloudInit.distribution`. */
export type Distribution = Family | 'amazon'

/** Something that `mesh-machine` calls or reads, and the package that has it. */
export interface Need {
  /** Commands, or absolute paths, of which one is enough. */
  readonly anyOf: readonly string[]
  readonly packages: Readonly<Record<Family, string>>
  /** Families whose cloud images all have it, some of them in a package that the named one conflicts with. */
  readonly stock: readonly Family[]
  /** Only there. */
  readonly when?: 'iptables' | 'nftables' | 'systemd-resolved' | 'download'
}

function alike(name: string): Need['packages'] {
  return { debian: name, rhel: name, suse: name }
}

/** Beside dnf's libraries there is always curl, often of `curl-minimal`, which cannot be installed together with `curl`. */
export const curl: Need = {
  anyOf: ['curl', 'wget'],
  packages: alike('curl'),
  stock: ['rhel'],
  when: 'download',
}

/** What shows the proxy's certificate. Images have it, and user-data asks for curl. */
const certificates: Need = { anyOf: ['curl', 'openssl'], packages: alike('openssl'), stock: [...families] }

/** Ubuntu 22.04 has no package of this name: there it is a part of systemd. SUSE's is a part of systemd-network. */
export const resolved: Need = {
  anyOf: ['resolvectl'],
  packages: { debian: 'systemd-resolved', rhel: 'systemd-resolved', suse: 'systemd-network' },
  stock: ['debian'],
  when: 'systemd-resolved',
}

/** What a machine needs and may lack. The one table: of user-data, the role, and what `mesh-machine` asks for. */
export const needs: readonly Need[] = [
  {
    // The dnf family keeps the authorities in the file, and has no such command.
    anyOf: ['update-ca-certificates', '/etc/pki/tls/certs/ca-bundle.crt'],
    packages: alike('ca-certificates'),
    stock: [],
    when: 'download',
  },
  curl,
  certificates,
  { anyOf: ['ss'], packages: { debian: 'iproute2', rhel: 'iproute', suse: 'iproute2' }, stock: [] },
  {
    anyOf: ['iptables-restore'],
    packages: { debian: 'iptables', rhel: 'iptables-nft', suse: 'iptables' },
    stock: [],
    when: 'iptables',
  },
  { anyOf: ['nft'], packages: alike('nftables'), stock: [], when: 'nftables' },
  { anyOf: ['tar'], packages: alike('tar'), stock: ['debian'], when: 'download' },
  { anyOf: ['gzip'], packages: alike('gzip'), stock: ['debian'], when: 'download' },
  resolved,
]

/** What of a plan decides about packages. */
export interface PackageChoice {
  readonly proxy: { readonly install: Install }
  readonly agent: { readonly program: { readonly install: Install } } | undefined
  readonly redirect: { readonly backend: RedirectBackend }
  readonly resolver: { readonly provider: ResolverProvider }
}

/** The needs of the machines of a plan. */
export function planNeeds({ proxy, agent, redirect, resolver }: PackageChoice): Need[] {
  const downloads = proxy.install.from === 'download' || agent?.program.install.from === 'download'
  const words = [redirect.backend, resolver.provider, ...(downloads ? ['download'] : [])]
  return needs.filter(({ when }) => when === undefined || words.includes(when))
}

/** Names of the packages that a stock image of a distribution may lack. */
export function listPackages(planned: readonly Need[], distribution: Distribution): string[] {
  const family = distribution === 'amazon' ? 'rhel' : distribution
  return planned.filter(({ stock }) => !stock.includes(family)).map(({ packages }) => packages[family])
}

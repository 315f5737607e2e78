/** Families of distributions, by what installs packages: apt, dnf and zypper. */
export const families = ['debian', 'rhel', 'suse'] as const
export type Family = (typeof families)[number]

/** Something that `mesh-machine` calls or reads, and the package that has it. */
export interface Need {
  /** Commands, or absolute paths, of which one is enough. */
  readonly anyOf: readonly string[]
  readonly packages: Readonly<Record<Family, string>>
  /** Families whose cloud images all have it, some of them in a package that the named one conflicts with. */
  readonly stock: readonly Family[]
}

/** A package that is called the same everywhere. */
export function alike(name: string): Need['packages'] {
  return { debian: name, rhel: name, suse: name }
}

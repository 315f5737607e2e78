/** A Python environment with one version of ansible-core, or with the linters. */
export interface Environment {
  /** Such as `2.16`, or `lint`. */
  readonly version: string
  readonly folder: string
}

export interface Environments {
  /** One for each ansible-core, oldest first. */
  readonly cores: readonly Environment[]
  readonly oldest: Environment
  readonly newest: Environment
  readonly lint: Environment
}

/** Reads what `ansible.sh` prints. */
export function readEnvironments(printed: string): Environments {
  const lines = printed.trim().split('\n')
  const all = lines.map((line): Environment => {
    const [version = '', folder = ''] = line.split(' ')
    return { version, folder }
  })
  const cores = all.filter(({ version }) => /^2\.[0-9]+$/.test(version))
  const [oldest, newest, lint] = [cores[0], cores.at(-1), all.find(({ version }) => version === 'lint')]
  if (oldest === undefined || newest === undefined || lint === undefined)
    throw new Error(`test/setup/ansible.sh printed:\n${printed}`)
  return { cores, oldest, newest, lint }
}

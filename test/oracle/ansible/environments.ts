import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
// Its setup brings what makes the environments.
import '../support/root.ts'

/** A Python environment with one version of ansible-core, or with the linters. */
export interface Environment {
  /** Such as `2.16`, or `lint`. */
  readonly version: string
  readonly folder: string
}

const printed = execFileSync(join(import.meta.dirname, '../../setup/ansible.sh'), {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
})
const all = printed
  .trim()
  .split('\n')
  .map((line): Environment => {
    const [version = '', folder = ''] = line.split(' ')
    return { version, folder }
  })

/** One for each ansible-core, oldest first. */
export const cores = all.filter(({ version }) => /^2\.[0-9]+$/.test(version))

export const oldest = pick(cores[0])
export const newest = pick(cores.at(-1))
export const lint = pick(all.find(({ version }) => version === 'lint'))

function pick(environment: Environment | undefined): Environment {
  if (environment === undefined) throw new Error(`test/setup/ansible.sh printed:\n${printed}`)
  return environment
}

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { readEnvironments } from '../../setup/ansible.ts'
// Its setup brings what makes the environments.
import '../support/root.ts'

export type { Environment } from '../../setup/ansible.ts'

const printed = execFileSync(join(import.meta.dirname, '../../setup/ansible.sh'), {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
})

export const { cores, oldest, newest, lint } = readEnvironments(printed)

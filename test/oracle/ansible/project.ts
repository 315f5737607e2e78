import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type Artifact, formatDiagnostic, generate, type Input } from '../../../lib/index.ts'
import { runCommand, type Said } from '../support/root.ts'
import type { Environment } from './environments.ts'

/** Runs with a scratch folder, and takes it away. */
export async function withScratch<T>(run: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), 'meshjoin-ansible-'))
  try {
    // Not what a file of the host says.
    writeFileSync(join(scratch, 'ansible.cfg'), '[defaults]\n')
    return await run(scratch)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** What the targets make of a document that has to be accepted. */
export function generateAll(input: Input, targets: ('ansible' | 'systemd')[]): readonly Artifact[] {
  const generated = generate(input, { targets })
  if (generated.ok) return generated.value
  const said = generated.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic))
  throw new Error(`the document is refused:\n${said.join('\n')}`)
}

/** Writes the folder `ansible` of a document into another, and returns its path. */
export function writeProject(folder: string, artifacts: readonly Artifact[]): string {
  for (const { path, content, mode } of artifacts) {
    if (!path.startsWith('ansible/')) continue
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    chmodSync(file, mode)
  }
  return join(folder, 'ansible')
}

/** Puts a file of the test's own into the copy of the role. */
export function addToRole(folder: string, path: string, text: string): void {
  writeFileSync(join(folder, 'roles/linkerd_machine', path), text)
}

/** A command of an environment, run in a folder. */
export interface Run {
  readonly environment: Environment
  readonly folder: string
  readonly command: readonly [program: string, ...parameters: string[]]
  /** Holds all that Ansible writes beside what it is told to. */
  readonly scratch: string
  readonly variables?: Readonly<Record<string, string>>
}

export function runTool({
  environment,
  folder,
  command,
  scratch,
  variables,
}: Run): Promise<Omit<Said, 'left'>> {
  const [program, ...parameters] = command
  const programs = join(environment.folder, 'bin')
  return runCommand('env', [`--chdir=${folder}`, join(programs, program), ...parameters], '', {
    PATH: [programs, process.env.PATH].join(delimiter),
    HOME: scratch,
    LC_ALL: 'C.UTF-8',
    ANSIBLE_CONFIG: join(scratch, 'ansible.cfg'),
    PYTHONDONTWRITEBYTECODE: '1',
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_DEPRECATION_WARNINGS: '1',
    ANSIBLE_GATHERING: 'explicit',
    ...variables,
  })
}

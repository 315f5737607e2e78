/**
 * Hands on the user-data of many machines one by one: memory does not grow with their number.
 * Usage: large-fleet.ts COUNT
 */
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { generateLazily } from 'meshjoin'

/** The minimal document as a plain object, with as many machines as were asked for. */
function makeFleet(count: number): object {
  const document = load(readFileSync(new URL('minimal.yaml', import.meta.url), 'utf8')) as object
  const machines = Array.from({ length: count }, (_, index) => ({
    name: `vm-${index}`,
    namespace: 'mixed-env',
    addresses: [`203.0.${100 + (index >> 8)}.${index & 255}`],
    ports: [{ name: 'http', port: 80 }],
  }))
  return { ...document, machines }
}

/** Stands for an upload to wherever your machines come from. */
function upload(name: string, userData: string | Uint8Array): void {
  process.stdout.write(`${name} ${userData.length > 0 ? 'uploaded' : 'empty'}\n`)
}

const generation = generateLazily(makeFleet(Number(process.argv[2] ?? 3)), { targets: ['cloud-init'] })
if (!generation.ok) throw new Error(generation.diagnostics.map(({ message }) => message).join('\n'))
for (const { path, content } of generation.value.artifacts()) {
  const [, name = '', file] = path.split('/')
  if (file === 'user-data') upload(name, content)
}

// What only the output shows, such as user-data above the platform's limit, is known now.
const late = generation.value.diagnostics().filter(({ severity }) => severity === 'error')
if (late.length > 0) throw new Error(late.map(({ message }) => message).join('\n'))

/**
 * Adds a machine's mesh to a cloud-config of one's own, and prints the user-data of both.
 * Usage: merge-cloud-config.ts DOCUMENT MACHINE
 */
import { readFileSync } from 'node:fs'
import { dump } from 'js-yaml'
import { cloudConfig, plan } from 'meshjoin'

const own = {
  packages: ['postgresql-client'],
  write_files: [{ path: '/etc/motd', content: 'billing\n', permissions: '0644' }],
  runcmd: [['systemctl', 'enable', '--now', 'billing.service']],
}

const [file = 'mesh.yaml', name] = process.argv.slice(2)
const planned = plan(readFileSync(file, 'utf8'))
if (!planned.ok) throw new Error(planned.diagnostics.map(({ message }) => message).join('\n'))
const machine = planned.value.find((candidate) => candidate.name === name)
if (machine === undefined) throw new Error(`${file} has no machine ${name}`)

const mesh = cloudConfig(machine)
const merged = {
  packages: [...new Set([...own.packages, ...mesh.packages])],
  write_files: [...own.write_files, ...mesh.write_files],
  runcmd: [...mesh.runcmd, ...own.runcmd], // first the mesh, then what needs it
}
process.stdout.write(`#cloud-config\n${dump(merged, { lineWidth: -1 })}`)

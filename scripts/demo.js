/** What `npm run demo` runs after the build: an example's artifacts in ./out, and what they are. */
import { execFileSync } from 'node:child_process'

const [document, out, name] = ['examples/walkthrough.yaml', 'out', 'external-workload']
// By name: what only the cluster gets, no target makes yet.
const targets = ['ansible', 'cloud-init', 'image', 'kubernetes', 'monitoring', 'spire', 'systemd'].flatMap(
  (target) => ['--target', target],
)
try {
  execFileSync(process.execPath, ['dist/bin/meshjoin.js', 'generate', document, '--out', out, ...targets], {
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
  })
} catch (error) {
  process.stderr.write(error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error))
  process.exit(1)
}

const machine = `${out}/systemd/${name}`
process.stdout.write(`
${out}/ now has what one machine needs to join a Linkerd mesh, made of ${document}: the scenario of Linkerd's guide, with
a SPIRE server on that machine, to try it out. What is for the cluster (services, policies, labels) no target writes yet.

Look at, in this order:

  1. ${document}
       what went in: one machine, "${name}", with one port
  2. ${out}/cloud-init/README.md
       what an operator does with the result, step by step: boot it, and give it the CA that it waits for
  3. ${out}/cloud-init/${name}/user-data
       for a machine's first boot: places the files below, runs one command; no key and no token is in it
  4. ${machine}/etc/linkerd/
       the proxy's settings (*.env) and the redirect rules (redirect.v4), readable as they are
  5. ${machine}/etc/spire/
       SPIRE server and agent, as docs/spire.md has it: also on a host of its own, for more than a try-out
  6. ${machine}/etc/systemd/system/
       the units; docs/machine.md says why each option is there
  7. ${out}/ansible/README.md
       for machines that are already there: an inventory, four playbooks, and the role that places the same files
  8. ${out}/cloud-init/network.md
       every connection that the machine makes or accepts, for firewalls

Checksums and addresses in the example are placeholders: copy it, put yours in, and run
  node dist/bin/meshjoin.js generate mesh.yaml --out ${out} ${targets.join(' ')}
`)

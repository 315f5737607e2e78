/** What `npm run demo` runs after the build: an example's artifacts in ./out, and what they are. */
import { execFileSync } from 'node:child_process'

const [document, out, name] = ['examples/walkthrough.yaml', 'out', 'external-workload']
try {
  execFileSync(process.execPath, ['dist/bin/meshjoin.js', 'generate', document, '--out', out], {
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
a SPIRE server on that machine, to try it out. And what the cluster, the SPIRE server and Prometheus have to know.

Look at, in this order:

  1. ${document}
       what went in: one machine, "${name}", with one port
  2. ${out}/README.md
       the whole way, step by step: from here to the first answered request, and back out
  3. ${out}/cloud-init/${name}/user-data
       for a machine's first boot: places the files below, runs one command; no key and no token is in it
  4. ${machine}/etc/
       proxy settings (linkerd/*.env), redirect rules (linkerd/redirect.v4), SPIRE (spire/) and units (systemd/system/)
  5. ${out}/ansible/README.md
       for machines that are already there: an inventory, four playbooks, and the role that places the same files
  6. ${out}/kubernetes/
       what "kubectl apply -k" tells the cluster: the machine, its Service, and who may connect
  7. ${out}/monitoring/
       scrape configuration, alerts with their tests, and a dashboard
  8. ${out}/cloud-init/network.md
       every connection that the machine makes or accepts, for firewalls

Checksums and addresses in the example are placeholders: copy it, put yours in, and run
  node dist/bin/meshjoin.js generate mesh.yaml --out ${out}
`)

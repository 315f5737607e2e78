/** What `npm run demo` runs after the build: an example's artifacts in ./out, and what they are. */
import { execFileSync } from 'node:child_process'

const [document, out] = ['examples/minimal.yaml', 'out']
try {
  execFileSync(process.execPath, ['dist/bin/meshjoin.js', 'generate', document, '--out', out], {
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
  })
} catch (error) {
  process.stderr.write(error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error))
  process.exit(1)
}

const machine = `${out}/systemd/legacy-app`
process.stdout.write(`
${out}/ now has what one machine needs to join a Linkerd mesh, made of ${document}.
Look at, in this order:

  1. ${document}
       what went in: one machine, "legacy-app", with one port
  2. ${out}/cloud-init/README.md
       what an operator does with the result, step by step
  3. ${out}/cloud-init/legacy-app/user-data
       for cloud-init at a machine's first boot: places the files below, runs one command
  4. ${machine}/etc/linkerd/
       the proxy's settings (*.env) and the redirect rules (redirect.v4), readable as they are
  5. ${machine}/etc/systemd/system/
       the units; docs/machine.md says why each option is there
  6. ${out}/ansible/README.md
       for machines that are already there: an inventory, four playbooks, and the role that places the same files
  7. ${out}/image/README.md
       for images of your own: what all machines have in common, baked in, and what prepares and seals it
  8. ${out}/cloud-init/network.md
       every connection that the machine makes or accepts, for firewalls
  9. ${out}/cloud-init/firewall/
       for a firewall on the machine itself: firewalld, ufw, nftables or iptables let the mesh in, and back again

Checksums and addresses in the example are placeholders: copy it, put yours in, and run
  node dist/bin/meshjoin.js generate mesh.yaml --out ${out}
`)

import * as assert from 'uvu/assert'
import { cleanUpTo, cleanupMark, type Outcome } from '../../machine/harness/command.ts'
import { type EditableDocument, firstMachine, minimalWith } from '../../unit/plan/document.ts'
import { addresses, createHost, type Host } from './host.ts'
import type { Variant } from './kernel.ts'

export function documentFor(variant: Variant, edit: (document: EditableDocument) => void = () => {}): object {
  return minimalWith((document) => {
    document.redirect = { backend: variant === 'nftables' ? 'nftables' : 'iptables' }
    edit(document)
  })
}

export function bothFamilies(document: EditableDocument): void {
  document.mesh.clusterNetworks = ['10.42.0.0/16', 'fd00:10:42::/56']
  firstMachine(document).addresses = [addresses.machine, '2001:db8::42']
}

export async function withHost(variant: Variant, tell: (host: Host) => Promise<void>): Promise<void> {
  const mark = cleanupMark()
  try {
    const host = await createHost(variant)
    host.place(documentFor(variant))
    // Nobody else's sshd, and no systemd.
    await host.sh(`printf '#!/bin/sh\\n' >/usr/local/sbin/systemctl; chmod 755 /usr/local/sbin/systemctl`)
    await host.sh('rm -rf /etc/ssh /etc/default/ssh; mkdir /etc/ssh')
    await tell(host)
  } finally {
    cleanUpTo(mark)
  }
}

/** Runs functions of the program and of its check. */
export function ask(host: Host, script: string): Promise<Outcome> {
  const program = `sed '/^trap finish/,$d' /usr/local/sbin/mesh-machine-check >/run/check; . /run/check; state=/run/state; mkdir -p /run/state; load_configuration; ${script}`
  return host.run(`exec sh -c '${program.replaceAll("'", "'\\''")}' mesh-machine-check`)
}

export async function refuses(host: Host, script: string, ...says: readonly RegExp[]): Promise<string> {
  const { code, stderr } = await ask(host, script)
  assert.is(code, 3, stderr)
  for (const pattern of says) assert.match(stderr, pattern)
  return stderr
}

export async function accepts(host: Host, script: string): Promise<string> {
  const { code, stdout, stderr } = await ask(host, script)
  assert.is(code, 0, stderr)
  return stdout
}

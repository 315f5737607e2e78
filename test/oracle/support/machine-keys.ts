import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

function make(command: string, ...words: readonly string[]): string {
  return execFileSync(command, words, { stdio: 'pipe', encoding: 'utf8' })
}

/** A certificate of a CA in the same folder. */
export function makeCertificate(keys: string): { leaf: string; sha1: string } {
  const at = (name: string) => join(keys, name)
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const ca = ['-keyout', at('ca.key'), '-out', at('ca.crt')]
  make('openssl', 'req', '-x509', ...curve, '-subj', '/CN=machines', '-days', '2', ...ca)
  const leaf = ['-keyout', at('leaf.key'), '-out', at('leaf.crt'), '-addext', 'keyUsage=digitalSignature']
  const signed = [
    '-CA',
    at('ca.crt'),
    '-CAkey',
    at('ca.key'),
    '-addext',
    'basicConstraints=critical,CA:false',
  ]
  make('openssl', 'req', '-x509', ...curve, '-subj', '/CN=machine 1', '-days', '1', ...leaf, ...signed)
  const print = make('openssl', 'x509', '-in', at('leaf.crt'), '-noout', '-fingerprint', '-sha1')
  return { leaf: at('leaf'), sha1: print.replace(/^.*=|[:\s]/g, '').toLowerCase() }
}

/** The fingerprint of the certificate itself, as docs/rotation.md says how to get it; ssh-keygen prints that of the key. */
export function makeHostKey(keys: string): { ssh: string; fingerprint: string } {
  const [ca, ssh] = [join(keys, 'ssh-ca'), join(keys, 'host')]
  for (const file of [ca, ssh]) make('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file)
  make(
    'ssh-keygen',
    '-q',
    '-s',
    ca,
    '-h',
    '-I',
    'machine',
    '-n',
    'machine.example',
    '-V',
    '+1h',
    `${ssh}.pub`,
  )
  const printed = make(
    'sh',
    '-c',
    `cut -d ' ' -f 2 "$0" | base64 -d | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '='`,
    `${ssh}-cert.pub`,
  )
  return { ssh, fingerprint: printed.trim() }
}

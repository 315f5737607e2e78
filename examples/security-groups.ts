/**
 * Prints the firewall rules of each machine as JSON, in the shape of a cloud's security group.
 * Usage: security-groups.ts DOCUMENT
 */
import { readFileSync } from 'node:fs'
import { type Flow, flows, plan } from 'meshjoin'

const [file = 'mesh.yaml'] = process.argv.slice(2)
const planned = plan(readFileSync(file, 'utf8'))
if (!planned.ok) throw new Error(planned.diagnostics.map(({ message }) => message).join('\n'))

// Peers may be host names, or a word such as "monitoring": what to do with those is up to you.
const isNetwork = (peer: string) => /^[0-9a-f.:]+(\/[0-9]+)?$/i.test(peer)

function toRule({ direction, from, to, port, protocol, why }: Flow) {
  const peers = direction === 'in' ? from : to
  return {
    type: direction === 'in' ? 'ingress' : 'egress',
    protocol,
    from_port: port === 'any' ? 1 : port,
    to_port: port === 'any' ? 65535 : port,
    networks: peers.filter(isNetwork),
    others: peers.filter((peer) => !isNetwork(peer)),
    description: why,
  }
}

const groups = Object.fromEntries(planned.value.map((machine) => [machine.name, flows(machine).map(toRule)]))
process.stdout.write(`${JSON.stringify(groups, null, 2)}\n`)

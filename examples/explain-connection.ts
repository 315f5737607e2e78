/**
 * Asks what becomes of a connection, for a support page or a check of one's own.
 * Usage: explain-connection.ts DOCUMENT MACHINE ADDRESS PORT [UID]
 */
import { readFileSync } from 'node:fs'
import { explain } from 'meshjoin'

const [file = 'mesh.yaml', machine = '', address = '', port, uid] = process.argv.slice(2)
const explained = explain(readFileSync(file, 'utf8'), {
  ...{ machine, direction: 'outbound', address, port: Number(port) },
  ...(uid === undefined ? {} : { uid: Number(uid) }),
})
if (!explained.ok) throw new Error(explained.diagnostics.map(({ message }) => message).join('\n'))
const { fate, rule, whileProxyIsDown, notes } = explained.value
const line = rule?.location === undefined ? 'always' : `${file}:${rule.location.line}`
process.stdout.write(`${fate}: ${rule?.reason ?? 'no rule'} (${line})\n`)
process.stdout.write([`while the proxy is down: ${whileProxyIsDown}`, ...notes, ''].join('\n'))

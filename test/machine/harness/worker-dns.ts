import type { Records } from './worker-calls.ts'

const types: Readonly<Record<number, (address: string) => boolean>> = {
  1: (address) => !address.includes(':'),
  28: (address) => address.includes(':'),
}

/** A DNS server's answer: A and AAAA records, and NXDOMAIN for every other name and for SRV. */
export function answer(query: Buffer, records: Records, seen: Set<string>): Buffer {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const type = query.readUInt16BE(at + 1)
  const name = labels.join('.').toLowerCase()
  seen.add(name)
  const known = records[name]
  const isRight = types[type]
  const address = isRight === undefined ? undefined : [known ?? []].flat().find(isRight)
  const header = Buffer.alloc(12)
  header.writeUInt16BE(query.readUInt16BE(0), 0)
  header.writeUInt16BE(0x8580 | (known === undefined ? 3 : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(address === undefined ? 0 : 1, 6)
  const question = query.subarray(12, at + 5)
  if (address === undefined) return Buffer.concat([header, question])
  const data = addressBytes(address)
  const record = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 5, 0, data.length, ...data])
  return Buffer.concat([header, question, record])
}

function addressBytes(address: string): number[] {
  if (!address.includes(':')) return address.split('.').map(Number)
  const [left = [], right = []] = address
    .split('::')
    .map((half) => half.split(':').filter((word) => word !== ''))
  const zeros = new Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...zeros, ...right].flatMap((word) => {
    const number = Number.parseInt(word, 16)
    return [number >> 8, number & 255]
  })
}

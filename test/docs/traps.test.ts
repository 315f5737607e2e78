/** Sees to it that docs/traps.md is true: rows, files and codes exist, and the rows that name this file are shown here. */
import { existsSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { catalogue } from '../../lib/diagnostics/catalogue.ts'
import { shown as others } from './traps-cases.ts'
import { policyCases } from './traps-policy-cases.ts'

const shown = [...others, ...policyCases]

interface Row {
  readonly list: string
  readonly number: number
  readonly how: string
  readonly where: string
  readonly shown: string
}

const rows = readRows(readFileSync('docs/traps.md', 'utf8'))
const page = suite('traps: the page')

page(
  'has a row for each of the 32 traps of Linkerd and the 40 of the machine, and for those found since',
  () => {
    const numbers = (list: string) => rows.filter((row) => row.list === list).map(({ number }) => number)
    assert.equal(
      numbers('Linkerd'),
      Array.from({ length: 32 }, (_, index) => index + 1),
    )
    assert.equal(
      numbers('The machine'),
      Array.from({ length: 40 }, (_, index) => index + 1),
    )
    const since = numbers('Machines as they are')
    assert.ok(since.length > 0)
    assert.equal(
      since,
      since.map((_, index) => index + 1),
    )
  },
)

page('says of each row how it is dealt with', () => {
  for (const { list, number, how, shown } of rows) {
    assert.match(how, /built in|diagnostics?|on the machine|said in/i, `${list} ${number}`)
    assert.match(shown, /test\//, `${list} ${number}`)
  }
})

page('names files that exist', () => {
  for (const { list, number, where, shown } of rows) {
    for (const [, path = ''] of `${where} ${shown}`.matchAll(/`([^`]+)`/g))
      assert.ok(existsSync(path), `${list} ${number}: ${path}`)
  }
})

page('names diagnostics that exist', () => {
  let count = 0
  for (const { list, number, how } of rows) {
    for (const [, text, code = ''] of how.matchAll(/\[`([^`]+)`\]\(diagnostics\.md#([a-z0-9-]+)\)/g)) {
      assert.is(text, code)
      assert.ok(Object.hasOwn(catalogue, code), `${list} ${number}: ${code}`)
      count++
    }
  }
  assert.ok(count > 30)
})

page('names this file exactly where something below shows the trap', () => {
  const named = rows.filter(({ shown }) => shown.includes('test/docs/traps.test.ts'))
  assert.equal(
    named.map(({ list, number }) => `${list} ${number}`).sort(),
    [...new Set(shown.map(([key]) => key))].sort(),
  )
})

page.run()

// What is generated, and what is refused

const cases = suite('traps: what the page says')
for (const [index, [key, what, check]] of shown.entries()) cases(`${index + 1}. ${key}: ${what}`, check)

cases.run()

function readRows(text: string): Row[] {
  let list = ''
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('## ')) list = line.slice(3)
    const cells = /^\| (\d+) \|/.test(line) ? line.split(' | ') : []
    if (cells.length === 0) return []
    assert.is(cells.length, 5, line)
    const [number = '', , how = '', where = '', shown = ''] = cells
    return [{ list, number: Number(number.slice(2)), how, where, shown: shown.replace(/ \|$/, '') }]
  })
}

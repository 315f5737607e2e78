import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../lib/index.ts'

const test = suite('docs/monitoring.md')

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string
      readonly annotations: { readonly runbook_url: string }
    }[]
  }[]
}

test('has a heading for each alert, where its runbook link leads, and for no other', () => {
  const page = readFileSync('docs/monitoring.md', 'utf8')
  const made = generate(readFileSync('examples/minimal.yaml', 'utf8'), { targets: ['monitoring'] })
  const rules = made.value?.find(({ path }) => path === 'monitoring/rules.yml')
  const alerts = (load(String(rules?.content)) as Rules).groups.flatMap((group) => group.rules)
  assert.equal(
    [...page.matchAll(/^### (.+)$/gm)].map(([, name]) => name),
    alerts.map(({ alert }) => alert),
  )
  for (const { alert, annotations } of alerts)
    assert.ok(annotations.runbook_url.endsWith(`/docs/monitoring.md#${alert.toLowerCase()}`), alert)
})

test.run()

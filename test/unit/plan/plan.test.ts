import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { minimalWith, planOf } from './document.ts'

const test = suite('plans')

test('machines with the same settings share one mesh layer; a group that changes it has its own', () => {
  const plans = planOf(
    minimalWith((document) => {
      const [machine] = document.machines
      if (machine === undefined) throw new Error('no machine')
      document.groups = {
        open: { redirect: { onProxyFailure: 'open' } },
        strict: { proxy: { defaultInboundPolicy: 'deny' } },
      }
      document.machines = [
        machine,
        { ...machine, name: 'a2', addresses: ['203.0.113.2'] },
        { ...machine, name: 'b1', addresses: ['203.0.113.3'], group: 'open' },
        { ...machine, name: 'b2', addresses: ['203.0.113.4'], group: 'open' },
        { ...machine, name: 'c', addresses: ['203.0.113.5'], group: 'strict' },
      ]
    }),
  )
  const layer = (name: string) => plans.find((plan) => plan.name === name)?.mesh
  assert.is(layer('legacy-app'), layer('a2'))
  assert.is(layer('b1'), layer('b2'))
  assert.is(new Set(plans.map(({ mesh }) => mesh)).size, 3)
  assert.is(layer('b1')?.redirect.onProxyFailure, 'open')
})

test('plans come sorted by the name of their machine’s folder', () => {
  const names = planOf(
    minimalWith((document) => {
      const [machine] = document.machines
      if (machine === undefined) throw new Error('no machine')
      document.machines = ['web-1', 'web', 'web0', 'a', 'web-10'].map((name, index) => ({
        ...machine,
        name,
        addresses: [`203.0.113.${index + 1}`],
      }))
    }),
  ).map(({ name }) => `${name}/`)
  assert.equal(names, [...names].sort())
  assert.equal(names, ['a/', 'web-1/', 'web-10/', 'web/', 'web0/'])
})

test.run()

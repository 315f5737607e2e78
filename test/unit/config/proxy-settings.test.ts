import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { knownSettings, settingForm } from '../../../lib/config/proxy-settings.ts'

const test = suite('settings of the proxy')

/** Values that the proxy takes, and that end it at its start, by the rule of a form. */
const forms: Readonly<Record<string, readonly [takes: readonly string[], refuses: readonly string[]]>> = {
  'a whole number with the unit ms, s, m, h or d': [
    ['0', '100ms', ' 3s ', '5m', '1h', '365d'],
    ['banana', '', '10', '1.5s', '3 s', '3sec', '-1s', '1h30m'],
  ],
  'a whole number': [
    ['0', '65535'],
    ['', '1.5', '-1', '1k', 'many'],
  ],
  'a number': [
    ['0.1', '1'],
    ['', '10%', '.', '-0.1'],
  ],
  'true or false': [
    ['true', 'false'],
    ['', 'yes', '1', 'True'],
  ],
  'an IP address with a port': [
    ['127.0.0.1:4190', '[::1]:4190'],
    ['', 'localhost:4190', '::1:4190', '127.0.0.1'],
  ],
}

/** Settings that are text of their own kind. */
const texts = [
  'TAP_SVC_NAME',
  'LOG',
  'ACCESS_LOG',
  'INBOUND_GATEWAY_SUFFIXES',
  'OUTBOUND_METRICS_HOSTNAME_LABELS',
  'INBOUND_METRICS_AUTHORITY_LABELS',
  'TRACE_COLLECTOR_SVC_ADDR',
  'TRACE_COLLECTOR_SVC_NAME',
  'TRACE_ATTRIBUTES_PATH',
  'TRACE_SERVICE_NAME',
  'TRACE_EXTRA_ATTRIBUTES',
  'TRACE_PROTOCOL',
]

test('each known setting has a form, or is known to be text', () => {
  const without = [...knownSettings].filter((name) => settingForm(name) === undefined)
  assert.equal(without, texts)
})

test('every form takes what the proxy takes, and refuses what ends it', () => {
  const seen = new Set<string>()
  for (const name of knownSettings) {
    const form = settingForm(name)
    if (form === undefined) continue
    seen.add(form.rule)
    const [takes, refuses] = forms[form.rule] ?? []
    for (const value of [form.example, ...(takes ?? [])])
      assert.ok(form.pattern.test(value), `${name}=${value}`)
    for (const value of refuses ?? ['']) assert.not.ok(form.pattern.test(value), `${name}=${value}`)
  }
  assert.equal([...seen].sort(), Object.keys(forms).sort())
})

test('the forms of some settings, one of each kind', () => {
  const rows = [
    ['OUTBOUND_CONNECT_TIMEOUT', 'a whole number with the unit ms, s, m, h or d'],
    ['DNS_MIN_TTL', 'a whole number with the unit ms, s, m, h or d'],
    ['INBOUND_HTTP_QUEUE_CAPACITY', 'a whole number'],
    ['OUTBOUND_CONNECT_EXP_BACKOFF_JITTER', 'a number'],
    ['SHUTDOWN_ENDPOINT_ENABLED', 'true or false'],
    ['CONTROL_LISTEN_ADDR', 'an IP address with a port'],
  ] as const
  for (const [name, rule] of rows) assert.is(settingForm(name)?.rule, rule, name)
})

test.run()

import { proberCounters as counterNames, proberGauges as gaugeNames } from '../../../lib/targets/shared/prober-metrics.ts'

const help: Readonly<Record<string, string>> = {
  [counterNames.probes]: 'Probes that came to an end, by probe.',
  [counterNames.probeSeconds]: 'Time that probes took, by probe.',
  [counterNames.failures]: 'Probes that failed, by reason.',
  [counterNames.patches]: 'Requests to the API server, by result.',
  [counterNames.patchSeconds]: 'Time that requests to the API server took.',
  [counterNames.transitions]: 'Machines that became ready, not ready or drained.',
  [gaugeNames.machines]: 'Machines by state.',
  [gaugeNames.ready]: 'Whether a machine is ready by the last verdict; absent before the first.',
  [gaugeNames.waiting]: 'Probes that wait for others to end.',
  [gaugeNames.pending]: 'Machines whose condition is still to be written.',
  [gaugeNames.api]: 'Whether the last request to the API server was answered.',
  [gaugeNames.memory]: 'Resident memory.',
  [gaugeNames.cpu]: 'Processor time.',
}

export { counterNames, gaugeNames }

type CounterName = (typeof counterNames)[keyof typeof counterNames]
type GaugeName = (typeof gaugeNames)[keyof typeof gaugeNames]
type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

const counters = new Map<CounterName, Map<string, { labels: Labels; value: number }>>()

/** Adds to a counter. */
export function count(name: CounterName, labels: Labels = {}, by = 1): void {
  const series = counters.get(name) ?? new Map<string, { labels: Labels; value: number }>()
  counters.set(name, series)
  const key = Object.values(labels).join('\0')
  const sample = series.get(key)
  if (sample === undefined) series.set(key, { labels, value: by })
  else sample.value += by
}

/** All numbers in Prometheus' text format; gauges are read when they are asked for. */
export function printMetrics(gauges: Iterable<readonly [GaugeName, Iterable<Sample>]>): string {
  const lines: string[] = []
  for (const name of Object.values(counterNames)) {
    const samples = [...(counters.get(name)?.values() ?? [])]
    printSeries(lines, name, 'counter', samples.map(({ labels, value }) => [labels, value]))
  }
  for (const [name, samples] of gauges)
    printSeries(lines, name, name === gaugeNames.cpu ? 'counter' : 'gauge', samples)
  return `${lines.join('\n')}\n`
}

function printSeries(lines: string[], name: string, type: string, samples: Iterable<Sample>): void {
  lines.push(`# HELP ${name} ${help[name] ?? ''}`, `# TYPE ${name} ${type}`)
  for (const [labels, value] of samples) lines.push(`${name}${printLabels(labels)} ${value}`)
}

function printLabels(labels: Labels): string {
  const texts = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  return texts.length === 0 ? '' : `{${texts.join(',')}}`
}

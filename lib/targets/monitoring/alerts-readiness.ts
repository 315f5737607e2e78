import { proberGauges, proberName } from '../shared/prober-metrics.ts'
import { type Alert, up } from './alert.ts'

const prober = `job="${proberName}",instance="10.42.0.7:8080"`
const ready = `${proberGauges.ready}{${prober},machine_namespace="apps",machine="one"}`

/** What the prober tells that keeps the readiness of ExternalWorkloads. */
export const readinessAlerts: readonly Alert[] = [
  {
    name: 'LinkerdMachineReadinessFlapping',
    severity: 'warning',
    expr: `max by (machine_namespace, machine) (changes(${proberGauges.ready}[30m])) > 4`,
    summary: 'The readiness of {{ $labels.machine }} changed {{ $value }} times within half an hour.',
    description:
      'An upgrade is two changes. More than four is a machine at the edge of its thresholds: each change moves its traffic. kubectl get externalworkload -o yaml has the reason of the last one.',
    firing: { series: { ...up, [ready]: '1 0 1 0 1 0 1 1+0x30' }, at: '20m' },
    quiet: { series: { ...up, [ready]: '1 0 0 1 1+0x30' }, at: '20m' },
  },
  {
    name: 'LinkerdMachinesNotReady',
    severity: 'warning',
    expr: `sum(${proberGauges.machines}{state="not_ready"}) > 0`,
    for: '15m',
    summary: '{{ $value }} machines have not been ready for a quarter of an hour.',
    description:
      'They get no traffic. Those that were drained on purpose are not counted. kubectl get externalworkload -A -o yaml has the reason of each.',
    firing: {
      series: {
        ...up,
        [`${proberGauges.machines}{${prober},state="not_ready"}`]: '0 2+0x30',
        [`${proberGauges.machines}{${prober},state="drained"}`]: '0+0x30',
      },
      at: '20m',
    },
    quiet: {
      series: {
        ...up,
        [`${proberGauges.machines}{${prober},state="not_ready"}`]: '0+0x30',
        [`${proberGauges.machines}{${prober},state="drained"}`]: '2+0x30',
      },
      at: '20m',
    },
  },
  {
    name: 'LinkerdMachineReadinessNotWritten',
    severity: 'critical',
    expr: `${proberGauges.api} == 0 or up{job="${proberName}"} == 0`,
    for: '5m',
    summary: 'The prober {{ $labels.instance }} does not write the readiness of machines.',
    description:
      'For five minutes it has not reached the API server, or Prometheus has not reached it. Machines stay as ready as they were: one that dies goes on getting traffic.',
    firing: { series: { ...up, [`${proberGauges.api}{${prober}}`]: '1 0+0x30' }, at: '10m' },
    quiet: {
      series: { ...up, [`${proberGauges.api}{${prober}}`]: '1 0 0 1+0x30', [`up{${prober}}`]: '1+0x30' },
      at: '10m',
    },
  },
]

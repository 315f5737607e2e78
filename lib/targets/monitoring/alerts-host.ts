import { type Alert, up } from './alert.ts'

const names = 'machine="one",namespace="apps"'
const node = `job="node",instance="192.0.2.1:9100",${names}`
const state = (word: string) => `meshjoin_machine_state{${node},state="${word}"}`
const loaded = `meshjoin_machine_redirect_loaded{${node}}`
const off = `meshjoin_machine_redirect_off{${node}}`

/** What machines tell about themselves through node_exporter, whichever job asks it. */
export const hostAlerts: readonly Alert[] = [
  {
    name: 'LinkerdMachineRedirectMissing',
    severity: 'critical',
    expr: 'meshjoin_machine_redirect_loaded == 0 unless on (machine, namespace) (meshjoin_machine_redirect_off == 1 or meshjoin_machine_state{state=~"joining|refused"} == 1)',
    for: '3m',
    summary: 'The rules that redirect the traffic of {{ $labels.machine }} into the mesh are not loaded.',
    description:
      'Nobody has turned them off, and they are put back twice a minute, so something prevents that for three minutes. What the machine sends leaves it in plain text. Run mesh-machine redirect check there.',
    firing: {
      series: {
        ...up,
        [loaded]: '1 0+0x20',
        [off]: '0+0x20',
        [state('joined')]: '1 0+0x20',
        [state('degraded')]: '0 1+0x20',
      },
      at: '6m',
    },
    quiet: {
      series: { ...up, [loaded]: '1 0+0x20', [off]: '0 1+0x20', [state('joined')]: '1+0x20' },
      at: '6m',
    },
  },
  {
    name: 'LinkerdMachineRedirectOff',
    severity: 'warning',
    expr: 'meshjoin_machine_redirect_off == 1',
    for: '1h',
    summary: 'Somebody has turned off the redirect of {{ $labels.machine }}.',
    description:
      'An hour ago at least, so perhaps it was forgotten. What the machine sends leaves it in plain text. It stays off, through reboots, until mesh-machine redirect up.',
    firing: { series: { ...up, [off]: '0 1+0x90' }, at: '65m' },
    quiet: { series: { ...up, [off]: '0 1+0x30 0+0x60' }, at: '65m' },
  },
  {
    name: 'LinkerdMachineDegraded',
    severity: 'warning',
    expr: 'meshjoin_machine_state{state!="joined"} == 1',
    for: '10m',
    summary: '{{ $labels.machine }} is not joined: it is {{ $labels.state }}.',
    description:
      'For ten minutes, in which it has tried again some twenty times. mesh-machine status there says why, and so does the label id of meshjoin_machine_failure.',
    firing: { series: { ...up, [state('joined')]: '1 0+0x30', [state('degraded')]: '0 1+0x30' }, at: '12m' },
    quiet: { series: { ...up, [state('joined')]: '1+0x30', [state('degraded')]: '0 1 1 0+0x30' }, at: '12m' },
  },
  {
    name: 'LinkerdMachineReportStale',
    severity: 'warning',
    expr: 'time() - meshjoin_machine_report_timestamp_seconds > 300',
    summary: '{{ $labels.machine }} last told node_exporter how it is {{ $value | humanizeDuration }} ago.',
    description:
      'It does so twice a minute. Until it does again, the other alerts about its redirect and its state go by what was. Look at systemctl status linkerd-metrics there, and at its clock.',
    firing: {
      series: { ...up, [`meshjoin_machine_report_timestamp_seconds{${node}}`]: '60+0x20' },
      at: '10m',
    },
    quiet: {
      series: { ...up, [`meshjoin_machine_report_timestamp_seconds{${node}}`]: '0+60x20' },
      at: '10m',
    },
  },
]

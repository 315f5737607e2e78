/** One alert, with what shows that it fires and when it stays quiet. */
export interface Alert {
  readonly name: string
  readonly severity: 'warning' | 'critical'
  /** PromQL. */
  readonly expr: string
  /** How long that has to last, as Prometheus reads it; undefined for at once. */
  readonly for?: string
  /** One sentence; Prometheus fills in `$labels` and `$value`. */
  readonly summary: string
  /** What it means, why the threshold is what it is, and what to look at first. */
  readonly description: string
  /** Series with which it fires, and with which it must not. */
  readonly firing: Sample
  readonly quiet: Sample
}

/** Series as promtool's unit tests write them, and when the alert is looked at. */
export interface Sample {
  readonly series: Readonly<Record<string, string>>
  /** As Prometheus writes durations. */
  readonly at: string
}

/** The labels of the machine that the tests of the alerts watch. */
export const watched =
  'job="linkerd-machines",instance="192.0.2.1:4191",machine="one",namespace="apps",role="server"'

/** The machine is scraped: without that, tests would see an alert about nobody being scraped. */
export const up = { [`up{${watched}}`]: '1+0x120' }

import type { Artifact } from '../../artifact.ts'
import { yamlArtifact } from '../shared/yaml.ts'
import type { Alert, Sample } from './alert.ts'
import { hostAlerts } from './alerts-host.ts'
import { clusterAlerts, identityAlerts } from './alerts-proxy.ts'
import { readinessAlerts } from './alerts-readiness.ts'

interface Group {
  readonly name: string
  readonly alerts: readonly Alert[]
}

const groups: readonly Group[] = [
  { name: 'linkerd-machines-identity', alerts: identityAlerts },
  { name: 'linkerd-machines-cluster', alerts: clusterAlerts },
  { name: 'linkerd-machines-readiness', alerts: readinessAlerts },
  { name: 'linkerd-machines-host', alerts: hostAlerts },
]

/** Each alert is a heading there. */
const runbooks = 'https://github.com/meshjoin/meshjoin/blob/main/docs/monitoring.md'

/** For a Prometheus with a configuration of its own. */
export function emitRules(): Artifact {
  return yamlArtifact('monitoring/rules.yml', printRules())
}

/** The same for the Prometheus Operator. */
export function emitPrometheusRule(): Artifact {
  return yamlArtifact('monitoring/operator/prometheus-rule.yaml', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'linkerd-machines', labels: { 'app.kubernetes.io/part-of': 'meshjoin' } },
    spec: printRules(),
  })
}

/** What `promtool test rules` runs: each alert fires where it should, and does not where it should not. */
export function emitRulesTest(): Artifact {
  const tests = groups.flatMap(({ alerts }) =>
    alerts.flatMap((alert) => [
      printTest(`${alert.name} fires`, alert, alert.firing, 1),
      printTest(`${alert.name} stays quiet`, alert, alert.quiet, 0),
    ]),
  )
  return yamlArtifact('monitoring/rules-test.yml', {
    rule_files: ['rules.yml'],
    evaluation_interval: '1m',
    tests,
  })
}

function printRules(): object {
  return {
    groups: groups.map(({ name, alerts }) => ({
      name,
      rules: alerts.map(({ name: alert, expr, for: duration, severity, summary, description }) => ({
        alert,
        expr,
        ...(duration === undefined ? {} : { for: duration }),
        labels: { severity },
        annotations: { summary, description, runbook_url: `${runbooks}#${alert.toLowerCase()}` },
      })),
    })),
  }
}

function printTest(name: string, { name: alert }: Alert, { series, at }: Sample, count: 0 | 1): object {
  return {
    name,
    interval: '1m',
    input_series: Object.entries(series).map(([text, values]) => ({ series: text, values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
        eval_time: at,
        exp_samples: count === 0 ? [] : [{ labels: '{}', value: count }],
      },
    ],
  }
}

import type { Artifact } from '../../artifact.ts'
import { textArtifact } from '../shared/target.ts'
import { fleetPanels, machinePanels, type Panel } from './panels.ts'

const datasource = { type: 'prometheus', uid: '$datasource' }
const columns = 24

/** For Grafana 9 or later: import it, and choose the data source. */
export function printDashboard(): Artifact {
  const dashboard = {
    uid: 'meshjoin-machines',
    title: 'Linkerd: machines outside Kubernetes',
    description: 'The proxies of machines that meshjoin joined to a Linkerd mesh: all of them, then one.',
    tags: ['linkerd', 'meshjoin'],
    schemaVersion: 38,
    version: 1,
    editable: true,
    refresh: '1m',
    time: { from: 'now-3h', to: 'now' },
    templating: { list: variables() },
    panels: place([
      { title: 'All machines', panels: fleetPanels },
      { title: '$machine', panels: machinePanels },
    ]),
  }
  return textArtifact('monitoring/dashboard.json', `${JSON.stringify(dashboard, null, 2)}\n`)
}

function variables(): object[] {
  return [
    { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
    query('namespace', 'Namespace', 'label_values(up{job="linkerd-machines"}, namespace)', true),
    query(
      'machine',
      'Machine',
      'label_values(up{job="linkerd-machines",namespace=~"$namespace"}, machine)',
      false,
    ),
  ]
}

function query(name: string, label: string, text: string, all: boolean): object {
  return {
    name,
    label,
    type: 'query',
    datasource,
    definition: text,
    query: { query: text, refId: name },
    refresh: 2,
    sort: 1,
    multi: all,
    includeAll: all,
    ...(all ? { allValue: '.*', current: { selected: true, text: ['All'], value: ['$__all'] } } : {}),
  }
}

/** Rows one below the other, and in each the panels from left to right. */
function place(rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[]): object[] {
  const placed: object[] = []
  let y = 0
  for (const { title, panels } of rows) {
    placed.push({
      id: placed.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: columns, h: 1 },
      panels: [],
    })
    y += 1
    let x = 0
    let height = 0
    for (const panel of panels) {
      if (x + panel.width > columns) {
        x = 0
        y += height
        height = 0
      }
      placed.push(draw(panel, placed.length + 1, { x, y, w: panel.width, h: panel.height }))
      x += panel.width
      height = Math.max(height, panel.height)
    }
    y += height
  }
  return placed
}

function draw(panel: Panel, id: number, gridPos: object): object {
  const { type, title, description, unit, queries, red } = panel
  return {
    id,
    type,
    title,
    description,
    datasource,
    gridPos,
    fieldConfig: {
      defaults: {
        unit,
        ...(red === undefined ? {} : { color: { mode: 'thresholds' }, thresholds: thresholds(red) }),
      },
      overrides: [],
    },
    options: {
      ...(type === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'background', graphMode: 'area' }
        : {
            legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
            tooltip: { mode: 'multi' },
          }),
    },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr,
      legendFormat: legend,
      ...(type === 'stat' ? { instant: true } : { range: true }),
    })),
  }
}

/** Red from that value on, or below it. */
function thresholds(red: { readonly from: number } | { readonly below: number }): object {
  const [first, then, value] = 'from' in red ? ['green', 'red', red.from] : ['red', 'green', red.below]
  return {
    mode: 'absolute',
    steps: [
      { color: first, value: null },
      { color: then, value },
    ],
  }
}

import type { Report } from '../../diagnostics/diagnostic.ts'
import { pointer } from '../../diagnostics/pointer.ts'
import type { MachineDefaults, MeshjoinDocument } from '../../generated/document.ts'
import type { TargetName } from './target.ts'

/** A field of the document that only targets read which are not built. */
interface Unread {
  /** JSON Pointer of the field. */
  readonly path: string
  /** Its name as documents have it, the same for all machines: `machines[].labels`. */
  readonly name: string
  /** The target that will read it. */
  readonly target: TargetName
}

const documentFields = {
  readiness: 'kubernetes',
} as const satisfies Partial<Record<keyof MeshjoinDocument, TargetName>>

/** Of machines, groups and defaults: what decides about the readiness of the ExternalWorkload. */
const machineFields = { healthCheck: 'kubernetes' } as const

/**
 * Reports what the document asks for and no target makes yet. Whoever writes a policy believes that a port is closed, so
 * leaving it out has to be somebody's word: `chosen` are the targets that were asked for by name, and then one note says
 * what is left out; undefined where none was, and then each field is an error at its place.
 */
export function checkUnread(
  document: MeshjoinDocument,
  machines: ReadonlySet<string>,
  targets: { readonly chosen: readonly string[] | undefined; readonly built: readonly string[] },
  report: Report,
): void {
  const unread = findUnread(document, machines)
  const [first] = unread
  if (first === undefined) return
  if (targets.chosen === undefined) {
    for (const { path, name, target } of unread)
      report(
        'not-built-yet',
        path,
        { kind: 'field', what: name, targets: [target], built: targets.built },
        'key',
      )
    return
  }
  const names = [...new Set(unread.map(({ name }) => name))]
  const readers = [...new Set(unread.map(({ target }) => target))]
  report('fields-left-out', first.path, { fields: names, targets: readers }, 'key')
}

function findUnread(document: MeshjoinDocument, machines: ReadonlySet<string>): Unread[] {
  const { defaults = {}, groups = {} } = document
  const places: [settings: MachineDefaults, path: string, name: string][] = [
    [defaults, '/defaults', 'defaults'],
    ...Object.entries(groups).map(([name, group]): [MachineDefaults, string, string] => [
      group,
      pointer('/groups', name),
      'groups.<name>',
    ]),
    ...document.machines.flatMap((machine, index): [MachineDefaults, string, string][] =>
      machines.has(machine.name) ? [[machine, pointer('/machines', index), 'machines[]']] : [],
    ),
  ]
  return [
    ...pick(document, '', '', documentFields),
    ...places.flatMap(([settings, path, name]) => pick(settings, path, name, machineFields)),
  ]
}

function pick(
  settings: object,
  path: string,
  name: string,
  fields: Readonly<Record<string, TargetName>>,
): Unread[] {
  return Object.entries(fields).flatMap(([key, target]) => {
    const value = (settings as Readonly<Record<string, unknown>>)[key]
    if (value === undefined || isEmpty(value)) return []
    return [{ path: pointer(path, key), name: name === '' ? key : `${name}.${key}`, target }]
  })
}

/** An empty list or map asks for nothing. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

import { pointer } from '../../diagnostics/pointer.ts'
import { proxyUnit } from '../../kinds/unit.ts'
import { isAbsent } from '../draft.ts'
import type { Check, CheckContext } from './context.ts'

/** Selectors that the proxy of the document has: all of them must match, so one that cannot leaves it without an identity. */
export const checkSelectors: Check = ({ draft, report }) => {
  const selectors = draft.spire?.workload?.selectors ?? []
  const seen = new Set<string>()
  for (const [index, selector] of selectors.entries()) {
    if (selector === undefined) continue
    const path = pointer('/spire/workload/selectors', index)
    const [, kind = '', value = ''] = /^([a-z0-9]+:[a-z0-9_]+):(.*)$/.exec(selector) ?? []
    if (seen.has(kind) && !kind.includes('supplementary')) report('selector-twice', path, { kind })
    seen.add(kind)
    checkSelector({ draft, report }, { selector, kind, value, path })
  }
  checkRoot({ draft, report }, selectors)
}

interface Selector {
  readonly selector: string
  readonly kind: string
  readonly value: string
  readonly path: string
}

type Context = Pick<CheckContext, 'draft' | 'report'>

function checkSelector({ draft, report }: Context, { selector, kind, value, path }: Selector): void {
  const { name = 'linkerd-proxy', uid = 2102 } = draft.proxy?.user ?? {}
  const own: Readonly<Record<string, string>> = {
    'unix:uid': String(uid),
    'unix:gid': String(uid),
    'unix:user': name,
    'unix:group': name,
    'systemd:id': proxyUnit,
    'systemd:fragment_path': `/etc/systemd/system/${proxyUnit}`,
  }
  const right = own[kind]
  if (right !== undefined && right !== value)
    report('selector-mismatch', path, { selector, right: `${kind}:${right}` })
  if (kind.startsWith('unix:supplementary_') && value !== name && value !== String(uid))
    report('selector-group', path, { group: value, user: name })
  if (kind === 'unix:path') checkPath({ draft, report }, { selector, kind, value, path })
  if (kind === 'unix:sha256') checkSum({ draft, report }, { selector, kind, value, path })
}

/** The agent sees where the binary lies, behind all links. */
function checkPath({ draft, report }: Context, { selector, value, path }: Selector): void {
  const { install, version } = draft.proxy ?? {}
  if (install?.from === undefined || version === undefined) return
  if (install.from === 'preinstalled') {
    if (install.path !== undefined && install.path !== value)
      report('selector-path', path, { path: value, installed: install.path })
    return
  }
  // A second archive of one version has a folder of its own (install_binary of mesh-machine).
  const sums = Object.values(install.sha256 ?? install.layer ?? {})
  const folders = [version, ...sums.map((sum) => `${version}-${sum?.replace('sha256:', '').slice(0, 8)}`)]
  const paths = folders.map((folder) => `/opt/linkerd/${folder}/linkerd2-proxy`)
  if (!paths.includes(value))
    report('selector-mismatch', path, { selector, right: `unix:path:${paths[0] ?? ''}` })
}

/** Of the binary itself, which nothing in the document says; that of its archive is another. */
function checkSum({ draft, report }: Context, { value, path }: Selector): void {
  const { sha256 = {}, layer = {} } = draft.proxy?.install ?? {}
  const archives = [...Object.values(sha256), ...Object.values(layer)].map((sum) =>
    sum?.replace('sha256:', ''),
  )
  if (!/^[0-9a-f]{64}$/.test(value))
    report('selector-sha256', path, { reason: 'a SHA-256 is 64 hexadecimal digits in lower case' })
  else if (archives.includes(value))
    report('selector-sha256', path, { reason: 'this is that of the archive, not that of the binary in it' })
}

/** By group, unit or path alone, processes of root are told apart from the proxy by little. */
function checkRoot({ draft, report }: Context, selectors: readonly (string | undefined)[]): void {
  const known = selectors.filter((selector) => selector !== undefined)
  if (known.length !== selectors.length || known.length === 0) return
  if (isAbsent(draft.spire?.workload, 'selectors')) return
  if (known.some((selector) => /^unix:(uid|user):/.test(selector))) return
  report('selector-any-user', '/spire/workload/selectors', { uid: draft.proxy?.user?.uid ?? 2102 })
}

import { attestors } from '../../kinds/attestors/index.ts'
import {
  brokenLinkerd,
  brokenProxies,
  compareNumbers,
  isSupportedSpire,
  linkerdHas,
  linkerdSince,
  newestKnown,
  oldestSpire,
  parseNumbers,
  proxyHas,
  proxySince,
  spireHas,
  spireSince,
} from '../versions.ts'
import type { Check } from './context.ts'

/** Versions that exist, work, and fit each other. */
export const checkVersions: Check = (context) => {
  checkLinkerd(context)
  checkProxy(context)
  checkSpire(context)
}

const checkLinkerd: Check = ({ linkerd, report }) => {
  if (linkerd === undefined) return
  const path = '/mesh/linkerdVersion'
  const broken = brokenLinkerd[linkerd.text]
  if (broken !== undefined) report('linkerd-known-broken', path, { version: linkerd.text, ...broken })
  else if (linkerd.newerThanKnown) {
    const newest = linkerd.text.startsWith('edge-') ? newestKnown.edge : newestKnown.stable
    report('linkerd-newer-than-known', path, { version: linkerd.text, newest })
  } else if (!linkerdHas(linkerd, 'externalWorkload')) {
    report('linkerd-too-old', path, { version: linkerd.text, first: linkerdSince.externalWorkload.name })
  }
}

const checkProxy: Check = ({ draft, linkerd, report }) => {
  const version = draft.proxy?.version
  if (version === undefined) return
  const path = '/proxy/version'
  const broken = brokenProxies[version]
  if (broken !== undefined) return report('proxy-known-broken', path, { version, use: broken.use })
  if (!proxyHas(version, 'externalWorkload')) {
    return report('proxy-too-old', path, {
      version,
      first: proxySince.externalWorkload,
      why: 'it has no SPIRE client',
    })
  }
  if (compareNumbers(parseNumbers(version), parseNumbers(newestKnown.proxy)) > 0) {
    report('proxy-newer-than-known', path, { version, newest: newestKnown.proxy })
  }
  const recovers = proxyHas(version, 'emptyDnsAnswer')
  if (!recovers) report('proxy-can-hang', path, { version, first: proxySince.emptyDnsAnswer })
  const expected = linkerd?.newerThanKnown === false ? linkerd.proxy : undefined
  // Whoever has a proxy that recovers, beside a control plane whose own does not, is not sent back to that.
  const better = expected !== undefined && recovers && !proxyHas(expected, 'emptyDnsAnswer')
  if (linkerd !== undefined && expected !== undefined && expected !== version && !better) {
    report('proxy-version-differs', path, { proxy: version, linkerd: linkerd.text, expected })
  }
}

const checkSpire: Check = ({ draft, report }) => {
  const { version, attestation } = draft.spire?.agent ?? {}
  if (version === undefined) return
  const path = '/spire/agent/version'
  if (!isSupportedSpire(version))
    return report('spire-too-old', path, {
      version,
      first: oldestSpire,
      why: `releases before ${oldestSpire} are not supported`,
    })
  if (attestation?.type === undefined) return
  const needed = attestors[attestation.type].needsAgent?.(attestation)
  if (needed === undefined || spireHas(version, needed.feature)) return
  report('spire-too-old', path, {
    version,
    first: spireSince[needed.feature],
    why: needed.why,
  })
}

import leven from 'leven'

/** The candidate that a mistyped word most likely meant, if one is close enough to be worth saying. */
export function suggestWord(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const typed = word.toLowerCase()
  let best: string | undefined
  let distance = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const current = leven(typed, candidate.toLowerCase())
    if (current < distance) {
      best = candidate
      distance = current
    }
  }
  return best
}

/** Other names of what a value means: no slip of the finger leads from one to the other. */
const synonyms: Readonly<Record<string, string>> = {
  aws: 'ec2',
  amazon: 'ec2',
  gcp: 'gce',
  google: 'gce',
  oracle: 'oci',
  vmware: 'vsphere',
  proxmox: 'nocloud',
  libvirt: 'nocloud',
  kvm: 'nocloud',
  ubuntu: 'debian',
  centos: 'rhel',
  rocky: 'rhel',
}

/** As {@link suggestWord}, for a value of a list: also what is known under another name. */
export function suggestValue(value: string, allowed: readonly string[]): string | undefined {
  const synonym = synonyms[value.toLowerCase()]
  return synonym !== undefined && allowed.includes(synonym) ? synonym : suggestWord(value, allowed)
}

// The packages that a machine may lack, from the tables that know them all.
import { attestors } from '../lib/kinds/attestors/index.ts'
import { backends } from '../lib/kinds/backends/index.ts'
import { type Family, families, type Need } from '../lib/kinds/packages.ts'
import { resolvers } from '../lib/kinds/resolvers/index.ts'
import { usualNeeds } from '../lib/plan/packages.ts'

const tools: Readonly<Record<Family, string>> = { debian: 'apt-get', rhel: 'dnf', suse: 'zypper' }

/** The shell's function `package_of TOOL NAME`: what has a command or a file. Most packages are called as their command. */
export function printPackages(): string {
  const needs: Need[] = [
    ...usualNeeds,
    ...Object.values(backends).flatMap((backend) => backend.needs),
    ...Object.values(resolvers).flatMap((resolver) => resolver.needs),
    ...Object.values(attestors).flatMap((attestor) => attestor.needs ?? []),
  ]
  const cases = new Map<string, string>()
  for (const { anyOf, packages } of needs)
    for (const family of families) {
      const [name = ''] = anyOf
      const [key, value] = [`${tools[family]}:${name}`, packages[family]]
      if (!/^[\w./:-]+$/.test(key) || !/^[\w.-]+$/.test(value))
        throw new Error(`${key}: ${value} would have to be quoted`)
      if ((cases.get(key) ?? value) !== value) throw new Error(`${key} has two packages`)
      if (value !== name) cases.set(key, value)
    }
  const names = [...new Set(cases.values())].sort()
  const lines = names.map((value) => {
    const keys = [...cases].filter(([, found]) => found === value).map(([key]) => key)
    return `    ${keys.sort().join(' | ')}) echo ${value} ;;\n`
  })
  return `package_of() {\n  case $1:$2 in\n${lines.join('')}    *) echo "$2" ;;\n  esac\n}\n`
}

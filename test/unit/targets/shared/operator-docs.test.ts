import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { minimalWith } from '../../plan/document.ts'
import { fleet, made } from '../output.ts'

const test = suite('pages of the output')

test('each README has the commands of the SPIRE server for every machine', () => {
  const artifacts = made(fleet(['a', 'b.example']))
  for (const target of ['ansible', 'cloud-init', 'systemd']) {
    const readme = String(artifacts.find(({ path }) => path === `${target}/README.md`)?.content)
    for (const name of ['a', 'b.example']) {
      const parent = `spiffe://root.linkerd.cluster.local/meshjoin/node/${name}`
      assert.ok(
        readme.includes(`spire-server entry create -entryID 'meshjoin.${name}.proxy' -parentID '${parent}' `),
        `${target} ${name}`,
      )
      assert.ok(readme.includes(`token generate -ttl 3600 -spiffeID '${parent}' `), `${target} ${name}`)
    }
  }
})

const firewalls = ['firewalld', 'iptables', 'nftables', 'ufw']

test('every folder has its README, the connections and the programs of firewalls', () => {
  const paths = made(minimalWith()).map(({ path }) => path)
  for (const target of ['ansible', 'cloud-init', 'systemd'])
    for (const page of ['README.md', 'network.md', ...firewalls.map((name) => `firewall/${name}.sh`)])
      assert.ok(paths.includes(`${target}/${page}`), page)
})

test.run()

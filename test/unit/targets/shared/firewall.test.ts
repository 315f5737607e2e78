import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { firstMachine, minimalWith } from '../../plan/document.ts'
import { made } from '../output.ts'

const test = suite('programs of firewalls')

const firewalls = ['firewalld', 'iptables', 'nftables', 'ufw']

test('firewalls let in the networks of the mesh, each once, and nobody where nobody is dialled', () => {
  const document = minimalWith((changed) => {
    changed.mesh.clusterNetworks = ['10.42.0.0/16', 'fd00:10::/64']
    changed.mesh.machineNetworks = ['192.0.2.7/32']
    changed.redirect = { inbound: { fromNetworks: ['198.51.100.0/24', '10.42.0.0/16', '::/0'] } }
  })
  for (const name of firewalls) {
    const text = String(made(document).find(({ path }) => path === `systemd/firewall/${name}.sh`)?.content)
    for (const network of [
      '10.42.0.0/16',
      'fd00:10::/64',
      '192.0.2.7',
      '198.51.100.0/24',
      '::/1',
      '8000::/1',
    ])
      assert.is(text.split(`'${network}'`).length, 2, `${name}: ${network}`)
  }
  const client = minimalWith((changed) => {
    firstMachine(changed).role = 'client'
    delete firstMachine(changed).ports
  })
  for (const { path, content } of made(client)) {
    assert.not.match(path, 'firewall/')
    if (path.endsWith('.md')) assert.not.match(String(content), 'firewall/')
  }
})

test.run()

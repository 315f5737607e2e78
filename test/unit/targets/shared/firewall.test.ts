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
    if (path.startsWith('monitoring/')) continue // says of the admin port what the others have
    assert.not.match(path, 'firewall/')
    if (path.endsWith('.md')) assert.not.match(String(content), 'firewall/')
  }
})

test('with readiness they let the prober in, from its networks alone: to the admin port, and from outside of the mesh to the rest', () => {
  const programsWith = (fromNetworks: string[]) => {
    const document = minimalWith((changed) => {
      changed.proxy.adminAddress = '0.0.0.0:4191'
      changed.readiness = { image: 'node:22', fromNetworks }
      firstMachine(changed).healthCheck = { path: '/', port: 80 }
    })
    const artifacts = made(document)
    return firewalls.map((name) =>
      String(artifacts.find(({ path }) => path === `systemd/firewall/${name}.sh`)?.content),
    )
  }
  const opened = (text: string, network: string) =>
    [...text.matchAll(new RegExp(`'${network}' '([0-9]+)'`, 'g'))].map(([, port]) => Number(port))
  for (const text of programsWith(['192.0.2.0/24', '2001:db8:1::/64'])) {
    assert.equal(opened(text, '10.42.0.0/16'), [4143])
    for (const network of ['192.0.2.0/24', '2001:db8:1::/64'])
      assert.equal(opened(text, network), [4143, 4191, 80])
  }
  for (const text of programsWith(['10.42.0.0/16'])) {
    assert.equal(opened(text, '10.42.0.0/16'), [4143, 4191])
    assert.equal(opened(text, '10.43.0.0/16'), [4143])
  }
})

test.run()

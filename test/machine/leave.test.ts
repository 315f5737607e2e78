import * as assert from 'uvu/assert'
import { identity } from './harness/addresses.ts'
import { until } from './harness/command.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { place } from './harness/root.ts'
import { assertSame, takeSnapshot } from './harness/snapshot.ts'
import { tellStory } from './harness/story.ts'

/** Rules of others, as Docker and a firewall would have them; ours have to go in front, and theirs to stay as they are. */
const foreignRules = `
  iptables -t nat -N DOCKER
  iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
  iptables -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
  iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
  iptables -t nat -A DOCKER -i docker0 -j RETURN
  iptables -t nat -A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
  iptables -P FORWARD DROP
  iptables -A INPUT -p tcp --dport 25 -j DROP
  iptables -t mangle -A OUTPUT -p tcp --dport 25 -j MARK --set-mark 7
  ip6tables -P FORWARD DROP
  ip6tables -t nat -A POSTROUTING -s fd00::/64 -j MASQUERADE`

tellStory('a machine that leaves', (story, step) => {
  let before = ''

  const install = async () => {
    const { machine, world } = story
    const token = await world.spire.makeToken(identity.parent)
    const root = `/proc/${machine.pid()}/root`
    place(root, '/etc/spire/join-token', `${token}\n`, 0o600)
    for (const [path, { mode, content }] of generateMachine(makeDocument(world)).files)
      place(root, path, content, mode)
    // From where somebody who has logged in is.
    await machine.sh('cd /root && mesh-machine install')
    await machine.joined(60)
    assert.ok((await machine.rules()).length > 0)
    await machine.must('cp', '/usr/local/sbin/mesh-machine', '/root/mesh-machine')
  }
  const leave = async () => {
    const { machine } = story
    await machine.must('mesh-machine', 'leave')
    assert.equal(await machine.rules(), [])
    // The token is the operator's: `leave` says so and leaves it there.
    await machine.sh('rm /etc/spire/join-token; rmdir /etc/spire')
    assertSame(await takeSnapshot(story.machine), before)
    const again = await machine.run('/root/mesh-machine', 'leave')
    assert.is(again.code, 0, again.stderr)
    assert.match(again.stderr, /nothing to do/)
    assertSame(await takeSnapshot(story.machine), before)
  }

  step('boots without user-data', async () => {
    const { world } = story
    story.machine = await createMachine(world, {
      generated: generateMachine(makeDocument(world)),
      withoutUserData: true,
      withToken: false,
    })
    await story.machine.startPolling()
    await story.machine.boot()
    await until('it is up', 120, async () =>
      /running|degraded/.test((await story.machine.run('systemctl', 'is-system-running')).stdout),
    )
    before = await takeSnapshot(story.machine)
  })

  step('joins by the overlay of files', install)

  step('leaves a machine without rules as it was', async () => {
    assert.is((await story.machine.run('getent', 'passwd', 'linkerd-proxy')).code, 0)
    await leave()
    assert.is((await story.machine.run('getent', 'passwd', 'linkerd-proxy')).code, 2)
  })

  step('joins again, among the rules of others', async () => {
    await story.machine.sh(foreignRules)
    before = await takeSnapshot(story.machine)
    await install()
    const [first] = (await story.machine.sh('iptables -t nat -S PREROUTING | sed -n 2p')).split('\n')
    assert.match(first ?? '', /MESHJOIN/)
  })

  step('leaves the chains, rules and policies of others in their order', leave)

  step('SSH never failed', async () => {
    assert.equal((await story.machine.stopPolling()).failures, [])
  })
})

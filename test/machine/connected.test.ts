import * as assert from 'uvu/assert'
import { must, until } from './harness/command.ts'
import { generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { type Story, tellStory } from './harness/story.ts'

const dropIns = '/run/systemd/system/linkerd-proxy.service.d'

/** `joined` needs a control plane that answers; nothing else does. And a killed proxy is back at once. */
tellStory('a control plane that is away is said, and holds up nothing', (story, step) => {
  step('joins while it drops packets: degraded, with the reason', async () => {
    const { world } = story
    await dropPackets(story)
    story.machine = await createMachine(world, { generated: generateMachine(makeDocument(world)) })
    const { machine } = story
    await machine.boot()
    assert.is((await machine.cloudInit()).code, 0)
    assert.is(await machine.unit('linkerd-proxy'), 'active')
    assert.is(await machine.unit('linkerd-redirect'), 'active')
    await until('it is said', 90, async () => (await machine.status()).failure?.id === 'control-plane-away')
    const { state, connected } = await machine.status()
    assert.is(state, 'degraded')
    assert.is(connected?.destination.answers, false)
    assert.is(connected?.policy.answers, false)
    assert.is((await machine.run('mesh-machine', 'install')).code, 0)
  })

  step('joined once it answers, which is said once, as its absence was', async () => {
    const { machine } = story
    await passPackets(story)
    await comesBack(story)
    await machine.must('systemctl', 'start', 'linkerd-certificate')
    await isSaid(story, 'the control plane ', 1)
  })

  step('away later: said by the first look, before the numbers of the proxy show it', async () => {
    const { machine } = story
    await dropPackets(story)
    await machine.must('systemctl', 'start', 'linkerd-certificate')
    assert.is((await machine.status()).failure?.id, 'control-plane-away')
    const { stdout } = await machine.run('curl', '-s', 'http://127.0.0.1:4191/metrics')
    assert.match(stdout, /policy_balancer_endpoints\{.*"ready".*\} 1\n/)
    await machine.must('systemctl', 'start', 'linkerd-certificate')
    await passPackets(story)
    await comesBack(story)
    await isSaid(story, 'the control plane ', 2)
  })

  step('a proxy that lost its identity task is not joined, and is named', async () => {
    const { machine } = story
    await machine.sh(`mkdir -p ${dropIns}; cat >${dropIns}/gone.conf <<'END'
[Service]
ExecStartPre=+/bin/sh -c 'systemctl kill -s KILL spire-agent; sleep 1'
ExecStartPost=
END
      systemctl daemon-reload; systemctl restart linkerd-proxy`)
    await until('its port is closed', 30, async () => {
      await machine.must('systemctl', 'start', 'linkerd-certificate')
      return (await machine.status()).failure?.id === 'proxy-not-listening'
    })
    assert.is((await machine.status()).state, 'degraded')
    await machine.sh(`rm ${dropIns}/gone.conf; systemctl daemon-reload; systemctl restart linkerd-proxy`)
    await comesBack(story)
    await isSaid(story, '(the proxy runs, but|the proxy listens)', 1)
  })

  step('a killed proxy is back, the first times without a wait, then with one', async () => {
    const { machine } = story
    const before = await waits(story)
    await machine.must('rm', '-f', '/run/linkerd-proxy/starts')
    for (const starts of [1, 2, 3, 4, 5, 6, 7]) {
      await machine.must('systemctl', 'kill', '-s', 'KILL', 'linkerd-proxy')
      await until('the proxy listens', 90, async () => {
        const { stdout } = await machine.run('wc', '-l', '/run/linkerd-proxy/starts')
        return stdout.startsWith(`${starts} `) && (await listens(story))
      })
      assert.is((await waits(story)) - before, starts > 6 ? 1 : 0, `${starts} starts`)
    }
    await comesBack(story)
  })
})

/** As a firewall on the way to the control plane does. */
async function dropPackets({ world }: Story): Promise<void> {
  await nft(world, 'add table inet away')
  await nft(world, 'add chain inet away in { type filter hook input priority -200 ; }')
  await nft(world, 'add rule inet away in tcp dport { 8086, 8090 } drop')
}

async function passPackets({ world }: Story): Promise<void> {
  await nft(world, 'delete table inet away')
}

function nft(world: Story['world'], command: string): Promise<unknown> {
  return must('ip', ['netns', 'exec', world.cluster.name, 'nft', command])
}

/** The proxy tries again after a while of its own. */
async function comesBack({ machine }: Story): Promise<void> {
  await until('the machine has joined', 150, async () => {
    await machine.must('systemctl', 'start', 'linkerd-certificate')
    return (await machine.status()).state === 'joined'
  })
}

/** The journal has that many ends of a trouble, each behind it, and nothing twice in succession. One service may be back before the other. */
async function isSaid({ machine }: Story, words: string, times: number): Promise<void> {
  const log = await machine.sh(
    `journalctl -q -o cat -u linkerd-certificate | grep -E '^mesh-machine: ${words}' || :`,
  )
  const lines = log.split('\n').filter((line) => line !== '')
  const ends = lines.flatMap((line, index) => (line.endsWith(' again') ? [index] : []))
  assert.is(ends.length, times, log)
  assert.is(ends.at(-1), lines.length - 1, log)
  for (const [index, line] of lines.entries()) assert.is.not(line, lines[index - 1], log)
  for (const [index, end] of ends.entries()) assert.ok(end > (ends[index - 1] ?? -1) + 1, log)
}

async function listens({ machine }: Story): Promise<boolean> {
  return (await machine.run('sh', '-c', 'ss -Hltn | grep :4143')).code === 0
}

/** How often the proxy's unit has waited. */
async function waits({ machine }: Story): Promise<number> {
  const log = await machine.sh(
    'journalctl -q -o cat -u linkerd-proxy | grep -c "mesh-machine: start .*: waiting" || :',
  )
  return Number(log)
}

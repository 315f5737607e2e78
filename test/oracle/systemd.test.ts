import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CaseMachine, readMachines, textOf } from './support/cases.ts'
import { type RootFile, runScript, type Suite, suites } from './support/root.ts'

const test = suite('systemd reads the overlay')
const machines = readMachines()

/** Exposure that `systemd-analyze security` may show at most. */
const budgets: Readonly<Record<string, number>> = {
  'linkerd-proxy.service': 1.5,
  'spire-agent.service': 2,
  'spire-server.service': 1.5,
  'mesh-machine-enroll.service': 3,
  'linkerd-redirect.service': 3,
  'linkerd-dns.service': 2,
  'linkerd-dns-link.service': 2.5,
  'linkerd-dns-hosts.service': 3,
  'mesh-machine-boot.service': 3,
  'linkerd-certificate.service': 2.5,
  'linkerd-metrics.service': 3,
  'mesh-machine-doctor.service': 3,
}

const unitFolder = '/etc/systemd/system/'
const versions: Readonly<Record<Suite, string>> = { bookworm: '252', trixie: '257' }

/** The programs that `mesh-machine install` would have brought, or that the document says are there. */
function standIns(machine: CaseMachine): RootFile[] {
  const { agent, proxy } = machine.plan.mesh
  const paths = [
    '/opt/linkerd/current/linkerd2-proxy',
    '/opt/spire/current/bin/spire-agent',
    '/opt/spire-server/current/bin/spire-server',
  ]
  for (const install of [proxy.install, agent?.program.install])
    if (install?.from === 'preinstalled') paths.push(install.path)
  return paths.map((path) => ({ path, content: '#!/bin/sh\n', mode: 0o755 }))
}

function unitsOf(machine: CaseMachine): string[] {
  return machine.files.filter(({ path }) => path.startsWith(unitFolder)).map(({ path }) => path)
}

/** Anything said is a fault: the exit status is 0 for an unknown key. */
async function verify(system: Suite, machine: CaseMachine, more: readonly RootFile[] = []): Promise<string> {
  const files = [...machine.files, ...standIns(machine), ...more]
  const units = [...new Set([...unitsOf(machine), ...more.map(({ path }) => path)])].join(' ')
  const { stdout, stderr } = await runScript(
    system,
    `systemd-sysusers >/exchange/users 2>&1 || cat /exchange/users
     systemd-analyze verify --man=no ${units} 2>&1 || echo "exit status $?"`,
    { files },
  )
  return stdout + stderr
}

for (const system of suites) {
  test(`${system} has systemd ${versions[system]}`, async () => {
    const { stdout } = await runScript(system, 'systemctl --version | head -n 1')
    assert.match(stdout, new RegExp(`^systemd ${versions[system]} `))
  })

  test(`${system}: verify says nothing about any unit`, async () => {
    for (const machine of machines) {
      assert.ok(unitsOf(machine).length > 5, machine.title)
      assert.is(await verify(system, machine), '', machine.title)
    }
  })

  test(`${system}: verify catches an unknown key, an unknown user and a missing program`, async () => {
    const [machine] = machines
    if (machine === undefined) throw new Error('no machine')
    for (const [line, complaint] of [
      ['ProtectSystm=strict', /Unknown key/],
      ['ExecStartPre=/opt/nothing/here', /not executable|No such file/],
    ] as const) {
      const service = textOf(machine, `${unitFolder}linkerd-proxy.service`)
      const content = service.replace('[Service]\n', `[Service]\n${line}\n`)
      const said = await verify(system, machine, [{ path: `${unitFolder}linkerd-proxy.service`, content }])
      assert.match(said, complaint, line)
    }
  })

  test(`${system}: exposure is within budget`, async () => {
    for (const machine of machines) {
      const present = Object.keys(budgets).filter((unit) => unitsOf(machine).includes(unitFolder + unit))
      assert.ok(present.includes('linkerd-proxy.service'), machine.title)
      for (const unit of present) {
        const budget = budgets[unit] ?? 0
        const { stdout, stderr, status } = await runScript(
          system,
          `systemd-analyze security --offline=yes --no-pager --threshold=${budget * 10} ${unitFolder}${unit}`,
          { files: machine.files },
        )
        const [, exposure] = /Overall exposure level for \S+: ([0-9.]+) /.exec(stdout) ?? []
        assert.ok(Number(exposure) <= budget, `${machine.title} ${unit}: ${exposure}, allowed ${budget}`)
        assert.is(status, 0, `${machine.title} ${unit}: ${stderr}`)
      }
    }
  })

  test(`${system}: sysusers makes the users with their numbers`, async () => {
    for (const machine of machines) {
      const { agent, proxyUser } = machine.plan.mesh
      const users = agent === undefined ? [proxyUser] : [proxyUser, agent.user]
      const { stdout, stderr } = await runScript(
        system,
        `systemd-sysusers; for user in ${users.map(({ name }) => name).join(' ')}; do
           id "$user"; getent passwd "$user" | cut -d: -f6-; done`,
        { files: machine.files },
      )
      const lines = stdout.split('\n')
      for (const [index, { name, uid }] of users.entries()) {
        const identity = `uid=${uid}(${name}) gid=${uid}(${name}) groups=${uid}(${name})`
        assert.is(lines[2 * index], identity, `${machine.title}: ${stderr}`)
        assert.match(lines[2 * index + 1] ?? '', /^\/[^:]*:\/usr\/sbin\/nologin$/, 'nobody can log in')
      }
    }
  })

  test(`${system}: systemd-resolved asks the servers of the document and finds no fault`, async () => {
    // Where linkerd-dns.service shows it to systemd-resolved.
    const drop = '/etc/systemd/resolved.conf.d/zzz-linkerd.conf'
    let asked = 0
    for (const machine of machines) {
      const content = machine.files.find(({ path }) => path === '/etc/linkerd/resolved.conf')?.content
      if (content === undefined) continue
      assert.match(
        textOf(machine, `${unitFolder}linkerd-dns.service`),
        `/etc/linkerd/resolved.conf:${drop}\n`,
      )
      const others = { path: '/etc/systemd/resolved.conf.d/site.conf', content: '[Resolve]\nDNS=192.0.2.1\n' }
      const { said, servers } = await resolve(system, [others, { path: drop, content }])
      assert.not.match(said, /zzz-linkerd\.conf/, machine.title)
      assert.equal(servers, machine.plan.mesh.resolver.servers, machine.title)
      asked++
    }
    assert.ok(asked > 0)
    const { said } = await resolve(system, [{ path: drop, content: '[Resolve]\nDSN=1\nDNS=nonsense\n' }])
    assert.match(said, /zzz-linkerd\.conf:2: Unknown key/)
    assert.match(said, /nonsense/)
  })
}

/** Lets the real resolver read its configuration, and write what it made of it. */
async function resolve(
  system: Suite,
  files: readonly RootFile[],
): Promise<{ said: string; servers: string[] }> {
  const { stdout, left } = await runScript(
    system,
    `install -d -o systemd-resolve -g systemd-resolve /run/systemd/resolve
     /usr/lib/systemd/systemd-resolved >/exchange/said 2>&1 & resolved=$!
     for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
       [ -s /run/systemd/resolve/resolv.conf ] && break; sleep 0.1; done
     kill $resolved; wait $resolved || true
     cat /run/systemd/resolve/resolv.conf`,
    { files, leaves: ['said'] },
  )
  const servers = stdout.split('\n').flatMap((line) => (/^nameserver (\S+)/.exec(line) ?? []).slice(1))
  return { said: left('said'), servers }
}

test.run()

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CloudConfig, printCloudConfig } from '../../lib/index.ts'
import { type CaseMachine, readDocuments, readMachines } from './support/cases.ts'
import { readUserData, script } from './support/cloud-init.ts'
import { type RootFile, runScript, type Suite, suites } from './support/root.ts'

const test = suite('cloud-init reads the user-data')
const machines = readMachines()
const versions: Readonly<Record<Suite, string>> = { bookworm: '22.4', trixie: '25.' }

/** What cloud-init is handed: a platform that takes base64 undoes it in cloud-init's data source. */
function handedOver({ userData }: CaseMachine): string | Uint8Array {
  return typeof userData === 'string' && /^H4sI[A-Za-z0-9+/]+=*\n$/.test(userData)
    ? Buffer.from(userData, 'base64')
    : userData
}

/** Every `#cloud-config` inside the user-data, as a human would unpack it. */
function cloudConfigParts(machine: CaseMachine): string[] {
  const handed = handedOver(machine)
  const text = typeof handed === 'string' ? handed : gunzipSync(handed).toString('utf8')
  if (text.startsWith('#cloud-config\n')) return [text]
  const [, boundary] = /^Content-Type: multipart\/mixed; boundary="([^"]+)"$/m.exec(text) ?? []
  assert.ok(boundary, `${machine.title} is neither cloud-config nor multi-part`)
  return text
    .split(`\n--${boundary}\n`)
    .slice(1)
    .map((part) => part.slice(part.indexOf('\n\n') + 2).replace(`\n--${boundary}--\n`, ''))
}

const parts = machines.flatMap((machine) =>
  cloudConfigParts(machine).map((content, index) => ({
    path: `/opt/parts/${machine.title.replaceAll('/', '_')}.${index}`,
    content,
  })),
)

test('there is plain, multi-part and compressed user-data among the cases', () => {
  assert.ok(machines.some(({ userData }) => typeof userData === 'string' && userData.startsWith('#cloud')))
  assert.ok(machines.some(({ userData }) => typeof userData === 'string' && userData.startsWith('Content')))
  assert.ok(machines.some(({ userData }) => typeof userData !== 'string'))
  assert.ok(machines.some((machine) => machine.userData !== handedOver(machine)))
})

for (const system of suites) {
  test(`${system} has cloud-init ${versions[system]}`, async () => {
    const { stdout, stderr } = await runScript(system, 'cloud-init --version')
    assert.ok((stdout + stderr).includes(` ${versions[system]}`), stdout + stderr)
  })

  test(`${system}: the schema check finds nothing in any part, and finds planted mistakes`, async () => {
    assert.is(await checkSchema(system, parts), '')
    const [part] = parts
    for (const [from, to] of [
      ['permissions: ', 'permission: '],
      ["permissions: '0644'", 'permissions: 420'],
      ['#cloud-config\n', '# cloud-config\n'],
    ] as const) {
      const content = (part?.content ?? '').replace(from, to)
      assert.is.not(content, part?.content)
      assert.match(await checkSchema(system, [{ path: '/opt/parts/planted', content }]), /planted/, to)
    }
  })

  test(`${system}: PyYAML reads what cloudConfig() says`, async () => {
    const { stdout, stderr } = await runScript(
      system,
      `exec python3 -c 'import json, sys, yaml
json.dump([yaml.safe_load(open(path, encoding="utf-8")) for path in sys.argv[1:]], sys.stdout)' ${parts.map(({ path }) => path).join(' ')}`,
      { files: parts },
    )
    assert.is(stderr, '')
    const read = JSON.parse(stdout) as unknown[]
    assert.is(read.length, machines.length)
    for (const [index, machine] of machines.entries())
      assert.is(JSON.stringify(read[index]), JSON.stringify(carriedConfig(machine)), machine.title)
  })

  test(`${system}: cloud-init's own code takes it apart and writes the files of the systemd target`, async () => {
    const read = await readUserData(
      system,
      machines.map((machine) => ({ parts: [handedOver(machine)], write: true })),
    )
    for (const [index, machine] of machines.entries()) {
      const { config, written } = read[index] ?? { config: {}, written: {} }
      const { merge_how: _how, ...expected } = carriedConfig(machine)
      for (const [key, value] of Object.entries(expected))
        assert.is(JSON.stringify(config[key]), JSON.stringify(value), `${machine.title} ${key}`)
      const overlay = Object.fromEntries(
        carriedFiles(machine).map(({ path, content, mode = 0 }) => [
          path,
          [content, `0o${mode.toString(8)}`, 0, 0],
        ]),
      )
      assert.equal(Object.keys(written ?? {}).sort(), Object.keys(overlay).sort(), machine.title)
      for (const [path, expectedFile] of Object.entries(overlay))
        assert.is(JSON.stringify(written?.[path]), JSON.stringify(expectedFile), `${machine.title} ${path}`)
    }
  })

  test(`${system}: merged with a user's own part, both lists are kept, in either order`, async () => {
    const own = {
      users: ['default', { name: 'alice', groups: 'sudo', shell: '/bin/bash' }],
      packages: ['htop', 'curl'],
      write_files: [{ path: '/etc/own', content: 'own\n', permissions: '0600' }],
      runcmd: [['echo', 'own'], 'echo two'],
      ntp: { enabled: true, servers: ['192.0.2.123'] },
    }
    for (const machine of machines) {
      const ours = machine.cloudConfig
      const print = (config: object) => `#cloud-config\n${JSON.stringify(config)}\n`
      const [last, first] = await readUserData(system, [
        { parts: [print(own), printCloudConfig(ours)] },
        // Whose part comes last decides how the lists are merged: a later part of the user needs our merge_how too.
        { parts: [printCloudConfig(ours), print({ ...own, merge_how: ours.merge_how })] },
      ])
      for (const [merged, before, after] of [
        [last, own, ours],
        [first, ours, own],
      ] as const) {
        for (const key of ['packages', 'write_files', 'runcmd'] as const)
          assert.is(
            JSON.stringify(merged?.config[key]),
            JSON.stringify([...before[key], ...after[key]]),
            `${machine.title} ${key}`,
          )
        assert.is(JSON.stringify(merged?.config.users), JSON.stringify(own.users), machine.title)
        assert.is(JSON.stringify(merged?.config.ntp), JSON.stringify(own.ntp), machine.title)
      }
    }
  })
}

/** What machines are spared whose platform has some room: the doctor, what runs it at times, and what counts connections. */
const sparedAtMost: readonly string[] = [
  '/usr/local/sbin/mesh-machine-doctor',
  '/etc/systemd/system/mesh-machine-doctor.service',
  '/etc/systemd/system/mesh-machine-doctor.timer',
  '/usr/local/sbin/mesh-machine-drain',
  // Their resolver is told by units.
  '/usr/local/sbin/mesh-machine-resolver',
  '/usr/local/sbin/mesh-machine-trial',
]
/** What machines are spared whose platform takes little or no gzip, and comments. */
const spared: readonly string[] = [
  '/usr/local/sbin/mesh-machine-certificate',
  '/etc/systemd/system/linkerd-certificate.service',
  '/etc/systemd/system/linkerd-certificate.timer',
  '/usr/local/sbin/mesh-machine-check',
  ...sparedAtMost,
  '/usr/local/sbin/mesh-machine-upgrade',
  '/usr/local/sbin/mesh-machine-watch',
  '/etc/systemd/system/linkerd-redirect-watch.service',
  '/etc/linkerd/redirect.probes',
  '/etc/linkerd/trust-anchors.pem',
]
const texts = readDocuments()

function documentOf({ title }: CaseMachine): string {
  return texts.get(title.replace(/\/[^/]+$/, '')) ?? ''
}

function isLean(machine: CaseMachine): boolean {
  return /platform: *(ec2|digitalocean)\b/.test(documentOf(machine))
}

function withoutComments(path: string, content: string): string {
  if (path.endsWith('.json')) return `${JSON.stringify(JSON.parse(content))}\n`
  const isWhole = path.startsWith('/usr/') || path.endsWith('.pem') || path.startsWith('/etc/sysusers.d/')
  return isWhole ? content : content.replace(/^ *#.*\n/gm, '')
}

/** Where the mesh layer comes in another way: the machine layer, as the target systemd has it, and what fetches the other. */
function layeredFiles({ title, cloudConfig, placed }: CaseMachine): RootFile[] {
  return cloudConfig.write_files.map(({ path, permissions, content }) => {
    const same = placed.find((file) => file.path === path)
    assert.ok(
      same === undefined ? /mesh-(machine-fetch|layer\.conf)/.test(path) : same.content === content,
      title,
    )
    return { path, content, mode: Number.parseInt(permissions, 8) }
  })
}

/** The files of the target systemd, as far as user-data carries them. */
function carriedFiles(machine: CaseMachine): readonly RootFile[] {
  if (/meshLayer: *\{from: (fetch|baked)/.test(documentOf(machine))) return layeredFiles(machine)
  if (/platform: *(hetzner|oci)\b/.test(documentOf(machine)))
    return machine.placed.filter(({ path }) => !sparedAtMost.includes(path))
  if (!isLean(machine)) return machine.placed
  return machine.placed
    .filter(({ path }) => !spared.includes(path))
    .map((file) => ({ ...file, content: withoutComments(file.path, String(file.content)) }))
}

function carriedConfig(machine: CaseMachine): Partial<CloudConfig> {
  const files = new Map(carriedFiles(machine).map(({ path, content }) => [path, String(content)]))
  const { merge_how, packages, ...lists } = machine.cloudConfig
  return {
    merge_how,
    // An empty list is refused by cloud-init, so it is left out.
    ...(packages.length > 0 ? { packages } : {}),
    ...lists,
    write_files: lists.write_files.flatMap((file) => {
      const content = files.get(file.path)
      return content === undefined ? [] : [{ ...file, content }]
    }),
  }
}

/** What `cloud-init schema` says beyond "valid", for each file. */
async function checkSchema(system: Suite, files: readonly RootFile[]): Promise<string> {
  const { stdout } = await runScript(
    system,
    `for file in /opt/parts/*; do
       said=$(cloud-init schema -c "$file" 2>&1) && status=0 || status=$?
       case "$status $said" in
         "0 Valid cloud-config: $file" | "0 Valid schema $file") ;;
         *) printf '%s: status %s: %s\\n' "$file" "$status" "$said" ;;
       esac
     done`,
    { files },
  )
  return stdout
}

test("cloud-init's newest schema finds nothing in any part, and finds planted mistakes", async () => {
  const folder = process.env.MESHJOIN_SCHEMAS ?? ''
  const file = join(folder, 'cloud-init/schema-cloud-config-v1.json')
  if (folder === '' || !existsSync(file)) {
    throw new Error(
      'MESHJOIN_SCHEMAS must name a folder that has cloud-init/schema-cloud-config-v1.json: take it from the folder ' +
        'cloudinit/config/schemas of the repository canonical/cloud-init',
    )
  }
  const schema = { path: '/opt/schema.json', content: readFileSync(file, 'utf8') }
  const check = async (checked: readonly RootFile[]) => {
    const { stdout, stderr } = await runScript(
      'trixie',
      'exec python3 /opt/oracle/validate-schema.py /opt/schema.json /opt/parts/*',
      { files: [script('validate-schema.py'), schema, ...checked] },
    )
    return stdout + stderr
  }
  assert.is(await check(parts), '')
  const planted = (parts[0]?.content ?? '').replace('runcmd:', 'runcmds:')
  assert.match(await check([{ path: '/opt/parts/planted', content: planted }]), /planted: .*runcmds/)
})

test.run()

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { load } from 'js-yaml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../lib/index.ts'
import { type RootFile, runInRoot, runScript, suites } from './support/root.ts'

const test = suite('an upgrade that is killed')
const program = readFileSync(join(import.meta.dirname, 'support/upgrade.sh'), 'utf8')

const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'

/** A proxy and an agent that do what `mesh-machine` asks of them: one refuses to run without settings, one says its version. */
const binaries = {
  old: {
    version: 'v2.368.0',
    proxy: '#!/bin/sh\n# old\nexit 64\n',
    agent: '#!/bin/sh\n# old\n',
    agentVersion: '1.15.2',
  },
  new: {
    version: 'v2.327.0',
    proxy: '#!/bin/sh\n# new\nexit 64\n',
    agent: '#!/bin/sh\n# new\n',
    agentVersion: '1.15.3',
  },
}

/** The archives below `/srv/www`, and the files of the machine for each of the two. */
function prepare(): RootFile[] {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-upgrade-'))
  try {
    return (['old', 'new'] as const).flatMap((name) => {
      const { version, proxy, agent, agentVersion } = binaries[name]
      const proxyArchive = pack(
        folder,
        `${name}-proxy.tar.gz`,
        `linkerd2-proxy-${version}-linux-${architecture}/linkerd2-proxy`,
        proxy,
      )
      const agentArchive = pack(
        folder,
        `${name}-agent.tar.gz`,
        `spire-${agentVersion}/bin/spire-agent`,
        agent,
      )
      const document = load(readFileSync('examples/minimal.yaml', 'utf8')) as Minimal
      document.proxy = { version, install: download(proxyArchive) }
      document.spire.agent = {
        ...document.spire.agent,
        version: agentVersion,
        install: download(agentArchive),
      }
      const generated = generate(document as unknown as Record<string, unknown>, { targets: ['systemd'] })
      assert.ok(generated.ok, JSON.stringify(generated))
      const files = generated.value
        .filter(({ path }) => path.startsWith('systemd/legacy-app/'))
        .map(({ path, mode, content }) => ({ path: path.slice('systemd/legacy-app'.length), mode, content }))
      return [
        ...[proxyArchive, agentArchive].map(({ name: file, content }) => ({
          path: `/srv/www/${file}`,
          content,
        })),
        ...files.map((file) => ({ ...file, path: `/srv/${name}${file.path}` })),
        ...files.map(({ path, mode, content }) => ({
          path: `/srv/bad${path}`,
          mode,
          content: name === 'new' ? String(content).replace("='3s'", "='soon'") : content,
        })),
      ]
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Minimal {
  proxy: unknown
  spire: { agent: Record<string, unknown> }
}

interface Archive {
  readonly name: string
  readonly content: Uint8Array
}

function pack(folder: string, name: string, member: string, text: string): Archive {
  const file = join(folder, member)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, 0o755)
  execFileSync('tar', ['-C', folder, '-czf', join(folder, name), member])
  return { name, content: readFileSync(join(folder, name)) }
}

function download({ name, content }: Archive): Record<string, unknown> {
  const sha256 = createHash('sha256').update(content).digest('hex')
  return {
    from: 'download',
    url: `https://downloads.example.internal/${name}`,
    sha256: { [architecture]: sha256 },
  }
}

const files = prepare()

/** Every so many calls one is where it is killed: the way back makes the same few for each file. */
const endings = [
  { what: 'that comes through', to: '/srv/new', exit: 0, step: 4 },
  { what: 'whose proxy refuses its settings', to: '/srv/bad', exit: 7, step: 11 },
] as const

for (const { what, to, exit, step } of endings) {
  test(`wherever an upgrade ${what} is killed, the next one finishes or goes back`, async () => {
    // Other calls on each: the shell is the same.
    const said = await Promise.all(
      suites.map((system, index) => {
        const parameters = ['/srv/old', to, String(exit), String(1 + index * 2), String(step)]
        return runInRoot(system, ['/bin/sh', '/srv/upgrade.sh', ...parameters], {
          files: [...files, { path: '/srv/upgrade.sh', content: program }],
        })
      }),
    )
    for (const { status, stdout, stderr } of said) {
      assert.is(stderr, '')
      assert.is(status, 0, stdout)
      assert.not.match(stdout, /not ok/, stdout)
      assert.ok((stdout.match(/^killed: /gm) ?? []).length > 10, stdout)
    }
  })
}

/** What one of the programs of a machine that never joined says to these words. */
const wordings = [
  ['mesh-machine upgrade', 3],
  ['mesh-machine upgrade --wait 0 --drain 0', 3],
  ['mesh-machine upgrade --drain 30 --wait 99999', 3],
  ['mesh-machine upgrade --wait', 2],
  ['mesh-machine upgrade --wait --drain', 2],
  ['mesh-machine upgrade --wait ""', 2],
  ['mesh-machine upgrade --drain 1m', 2],
  ['mesh-machine upgrade --drain 100000', 2],
  ['mesh-machine upgrade --now 1', 2],
  ['mesh-machine upgrade now', 2],
  ['mesh-machine-drain', 0],
  ['mesh-machine-drain --wait 0', 0],
  ['mesh-machine-drain --wait', 2],
  ['mesh-machine-drain --wait -1', 2],
  ['mesh-machine-drain now', 2],
  ['mesh-machine-drain leave', 0],
] as const

test('says its options to whoever gives others', async () => {
  const script = wordings
    .map(([words]) => `code=0; ${words} >said 2>&1 || code=$?; echo "$code $(tr '\\n' ' ' <said)"`)
    .join('\n')
  const onMachine = files
    .filter(({ path }) => path.startsWith('/srv/old/'))
    .map((file) => ({ ...file, path: file.path.slice('/srv/old'.length) }))
  const said = await Promise.all(suites.map((system) => runScript(system, script, { files: onMachine })))
  for (const { stdout, stderr } of said) {
    assert.is(stderr, '')
    const lines = stdout.trim().split('\n')
    for (const [index, [words, code]] of wordings.entries()) {
      const line = lines[index] ?? ''
      assert.is(line.split(' ')[0], String(code), `${words}: ${line}`)
      if (code === 2)
        assert.match(
          line,
          words.startsWith('mesh-machine-drain') ? /--wait SECONDS\]/ : /--drain SECONDS/,
          words,
        )
      if (code === 3) assert.match(line, /no known-good files/i, line)
    }
    assert.match(lines.at(-1) ?? '', /first kubernetes\/drain\.sh mixed-env legacy-app; /)
  }
})

test.run()

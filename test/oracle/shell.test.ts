import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { joinPrograms, listParts } from '../../scripts/machine-program.ts'
import { readMachines, textOf } from './support/cases.ts'
import { runCommand, runScript, suites } from './support/root.ts'
import { readAssignments } from './support/values.ts'

const test = suite('shells read the command and its data')
const machines = readMachines()
const command = '/usr/local/sbin/mesh-machine'
const data = '/etc/linkerd/mesh-machine.conf'
const programs = [
  command,
  ...['certificate', 'check', 'doctor', 'upgrade', 'registry', 'server'].map((name) => `${command}-${name}`),
]
const hasFile = ({ files }: (typeof machines)[number], path: string) =>
  files.some((file) => file.path === path)
/** Of the target image: these are on no machine. */
const imagePrograms = (['image-prepare.sh', 'image-seal.sh'] as const).map((name) => ({
  path: `/usr/local/sbin/${name}`,
  content: joinPrograms('templates').get(name) ?? '',
  mode: 0o755,
}))
const readBy = (machine: (typeof machines)[number]) => [
  ...programs.filter((path) => hasFile(machine, path)),
  ...imagePrograms.map(({ path }) => path),
]
const texts = programs.map((path) => [
  ...new Set(machines.filter((machine) => hasFile(machine, path)).map((machine) => textOf(machine, path))),
])

test('the programs are the same files on every machine that has them', () => {
  assert.equal(
    texts.map(({ length }) => length),
    programs.map(() => 1),
  )
})

const parts = listParts('templates/mesh-machine').map((part) =>
  readFileSync(`templates/mesh-machine/${part}.sh`, 'utf8'),
)
/** The programs have no comments: what shellcheck is told stands in their parts. */
const told = parts.flatMap((text) => [...text.matchAll(/disable=(\S+)/g)].map(([, codes = '']) => codes))
const sources = [
  ...parts.map((text) => ({ text, options: [] })),
  ...[...texts.flat(), ...imagePrograms.map(({ content }) => content)].map((text) => ({
    text,
    options: ['-e', told.join(',')],
  })),
]

test('shellcheck finds nothing in the programs and their parts, and finds a planted mistake', async () => {
  for (const { text, options } of sources) {
    const { status, stdout } = await runCommand('shellcheck', [...options, '-s', 'sh', '-'], text)
    assert.is(stdout, '')
    assert.is(status, 0)
    const planted = await runCommand('shellcheck', [...options, '-s', 'sh', '-'], `${text}\n[ x = y ]\n`)
    assert.match(planted.stdout, /SC2050/)
  }
})

for (const system of suites) {
  for (const shell of ['dash', 'bash --posix']) {
    test(`${system}: ${shell} -n takes the programs and the data, and refuses a planted mistake`, async () => {
      for (const machine of machines) {
        const { status, stderr } = await runScript(
          system,
          `for f in ${readBy(machine).join(' ')}; do ${shell} -n $f; done; ${shell} -n ${data}; printf 'if\\n' >>${data}; ! ${shell} -n ${data} 2>/dev/null`,
          { files: [...machine.files, ...imagePrograms] },
        )
        assert.is(stderr, '', machine.title)
        assert.is(status, 0, machine.title)
      }
    })
  }

  test(`${system}: sourcing the data gives exactly its values and does nothing else`, async () => {
    for (const machine of machines) {
      const expected = readAssignments(textOf(machine, data))
      const names = [...expected.keys()]
      const { stdout, stderr, left } = await runScript(
        system,
        `names() { sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\1/p' "$1" | sort; }
         env -i dash -euc 'set >/tmp/before; . ${data} >/exchange/said 2>&1; set >/tmp/after
           for value in ${names.map((name) => `"$${name}"`).join(' ')}; do printf "%s\\0" "$value"; done'
         names /tmp/before >/tmp/1; names /tmp/after >/tmp/2; comm -13 /tmp/1 /tmp/2 >/exchange/names`,
        { files: machine.files, leaves: ['names', 'said'] },
      )
      assert.is(stderr, '', machine.title)
      assert.is(left('said'), '', machine.title)
      assert.equal(left('names').trim().split('\n').sort(), [...names].sort(), machine.title)
      assert.equal(stdout.split('\0').slice(0, -1), [...expected.values()], machine.title)
    }
  })
}

test.run()

import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cloudConfig, type MachinePlan, plan, validate } from '../../lib/index.ts'
import { platforms } from '../../lib/targets/cloud-init/platform.ts'
import { readBlocks, readLinks, readRepositoryLinks, replaceBlock } from './markdown.ts'

const readme = 'README.md'
const pages = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs').map((name) => `docs/${name}`),
].sort()
const command = resolve('dist/bin/meshjoin.js')
const update = process.env.UPDATE_GOLDEN === '1'
const test = suite('README and the other pages')

test('every complete document on a page is valid', () => {
  let count = 0
  for (const page of pages) {
    if (readFileSync(page, 'utf8').startsWith('<!-- Generated')) continue // its examples are the schema's, and shortened
    for (const { info, body, line } of readBlocks(page)) {
      if (info !== 'yaml' || !isWhole(body)) continue
      const faults = validate(body).diagnostics.filter(({ severity }) => severity === 'error')
      assert.equal(faults, [], `${page}:${line}`)
      count++
    }
  }
  assert.ok(count > 0)
})

test('the least document is the example', () => {
  const [block] = readBlocks(readme).filter(({ label }) => label === 'examples/minimal.yaml')
  assert.ok(block)
  const example = readFileSync('examples/minimal.yaml', 'utf8')
  if (update) replaceBlock(readme, block, example)
  else assert.is(block.body, example, 'UPDATE_GOLDEN=1 renews it')
})

test('commands print what README shows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-readme-'))
  try {
    const bin = join(folder, 'bin')
    const work = join(folder, 'work')
    mkdirSync(bin)
    mkdirSync(work)
    writeFileSync(join(bin, 'meshjoin'), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`)
    chmodSync(join(bin, 'meshjoin'), 0o755)
    const blocks = readBlocks(readme).filter(({ info }) => info === 'console')
    assert.ok(blocks.length > 0)
    const real = blocks.map((block) => ({ block, body: runCommands(block.body, bin, work) }))
    for (const { block, body } of real.toReversed()) {
      if (update && !block.body.includes('\n...\n')) replaceBlock(readme, block, body)
      else assert.match(body, patternOf(block.body), `${readme}:${block.line} is now:\n${body}`)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the lines of code in README run', () => {
  const [block] = readBlocks(readme).filter(({ info }) => info === 'ts')
  assert.ok(block)
  const library = pathToFileURL(resolve('dist/lib/index.js')).href
  const run = (text: string) =>
    execFileSync(process.execPath, ['--input-type=module'], {
      input: `const text = ${JSON.stringify(text)}\n${block.body.replace("'meshjoin'", `'${library}'`)}`,
      encoding: 'utf8',
    })
  assert.match(run(readFileSync('examples/minimal.yaml', 'utf8')), /^legacy-app \{\s+merge_how: /)
  assert.match(run('machines: ['), /^yaml-syntax \{ line: 1, column: 12 \}/)
})

test('links lead to files, and named scripts exist', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  for (const page of pages) {
    for (const target of readLinks(page))
      assert.ok(existsSync(join(dirname(page), target)), `${page} links to ${target}`)
    for (const path of readRepositoryLinks(page)) assert.ok(existsSync(path), `${page} links to ${path}`)
    for (const [, script = ''] of readFileSync(page, 'utf8').matchAll(/\bnpm run ([a-z:-]+)/g))
      assert.ok(script in scripts, `${page} names npm run ${script}`)
  }
})

test('the table of platforms is that of the library', () => {
  const text = readFileSync('docs/cloud-init.md', 'utf8')
  const words = { binary: 'as it is', base64: 'as base64', refused: 'refused' }
  for (const [name, { limit, counts, gzip }] of Object.entries(platforms)) {
    const cells = [`\`${name}\``, limit?.toLocaleString('en') ?? 'none', counts, words[gzip]]
    assert.ok(text.includes(`| ${cells.join(' | ')} |`), cells.join(' | '))
  }
  const { packages, merge_how, runcmd } = cloudConfig(firstMachine())
  for (const word of [...packages, merge_how, `[[${runcmd[0]?.join(', ')}]]`])
    assert.ok(text.includes(word), word)
})

test('the demo says what it wrote in at most 25 lines, and it is there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshjoin-demo-'))
  try {
    for (const name of ['dist', 'examples', 'package.json'])
      execFileSync('ln', ['-s', resolve(name), join(folder, name)])
    const { stdout, status } = spawnSync(process.execPath, [resolve('scripts/demo.js')], {
      cwd: folder,
      encoding: 'utf8',
    })
    assert.is(status, 0)
    assert.ok(stdout.trim().split('\n').length <= 25)
    const named = [...stdout.matchAll(/^ {2}\d\. (\S+)$/gm)].map(([, path = '']) => path)
    assert.ok(named.length > 3)
    for (const path of named) assert.ok(existsSync(join(folder, path)), path)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()

/** Pages also show parts of documents. */
function isWhole(body: string): boolean {
  return ['apiVersion', 'mesh', 'proxy', 'spire', 'machines'].every((key) =>
    new RegExp(`^${key}:`, 'm').test(body),
  )
}

function firstMachine(): MachinePlan {
  const [machine] = plan(readFileSync('examples/minimal.yaml', 'utf8')).value ?? []
  assert.ok(machine)
  return machine
}

/** Runs the lines that start with `$ `, and returns the block as it would have to be. */
function runCommands(body: string, bin: string, cwd: string): string {
  const lines = body.split('\n').filter((line) => line.startsWith('$ '))
  return lines
    .map((line) => {
      const { stdout } = spawnSync('sh', ['-c', `{ ${line.slice(2)}\n} 2>&1`], {
        cwd,
        encoding: 'utf8',
        env: { PATH: `${bin}:${process.env.PATH}`, LC_ALL: 'C' },
      })
      return `${line}\n${stdout}`
    })
    .join('')
}

/** A line of three dots stands for any lines. */
function patternOf(body: string): RegExp {
  const parts = body.split(/^\.\.\.\n/m).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('(?:.*\\n)*')}$`)
}

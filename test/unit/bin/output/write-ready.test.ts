import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeArtifacts } from '../../../../bin/output/write.ts'
import type { Artifact } from '../../../../lib/artifact.ts'

const test = suite('writing only when ready')

test('asks after the first pass, and writes nothing where the answer is no', () => {
  const dir = mkdtempSync(join(tmpdir(), 'ready-'))
  try {
    let made = 0
    const artifacts = function* (): Iterable<Artifact> {
      made++
      yield { path: 'a', mode: 0o644, content: 'text', sensitive: false }
    }
    const out = join(dir, 'out')
    const passes: number[] = []
    const ready = () => passes.push(made) > 1
    writeArtifacts(out, artifacts, { version: '0.0.0', ready })
    assert.equal(passes, [1])
    assert.is(existsSync(out), false)
    writeArtifacts(out, artifacts, { version: '0.0.0', ready })
    assert.equal(readdirSync(out).sort(), ['.meshjoin.json', 'a'])
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test.run()

/** That a machine has the files of the target systemd, however they came, and none of them when it has left. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { Generated } from './document.ts'
import type { Story } from './story.ts'
import { lookAtTraffic } from './traffic.ts'

/** Where the files of the booted machine are. */
export function root({ machine }: Story): string {
  return `/proc/${machine.pid()}/root`
}

/** The files of the target systemd, byte for byte, with their modes. */
export function hasFiles(story: Story, { files }: Generated): void {
  assert.ok(files.size > 20)
  for (const [path, { mode, content }] of files) {
    const file = join(root(story), path)
    assert.is(readFileSync(file, 'utf8'), content, path)
    const { mode: found, uid, gid } = statSync(file)
    assert.equal([found & 0o7777, uid, gid], [mode, 0, 0], path)
  }
}

/** Leaves the mesh: no file and no rule of ours stays, and connections go as before. */
export async function leaves(story: Story, { files }: Generated): Promise<void> {
  const { machine, world } = story
  const left = await machine.run('mesh-machine', 'leave')
  assert.is(left.code, 0, left.stderr)
  for (const path of files.keys()) assert.not.ok(existsSync(join(root(story), path)), path)
  assert.equal(await machine.rules(), [])
  assert.equal(await lookAtTraffic(world, machine), {
    inbound: 'bypassed',
    outbound: 'bypassed',
    ssh: 'works',
  })
}

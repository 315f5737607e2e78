import { type Context, suite, type Test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Leak, listSecrets, scanForLeaks, watchProcesses } from './leaks.ts'
import type { Machine } from './machine.ts'
import { type Debian, debians } from './programs.ts'
import { createWorld, type World } from './world.ts'

/** What the tests of one file share. They run in order, and each finds the machine as the one before left it. */
export interface Story {
  readonly debian: Debian
  world: World
  machine: Machine
}

/** Adds a step to a story. */
export type Step = (name: string, body: () => Promise<void>) => void

/**
 * One suite for each Debian, over one world. A story ends at its first failed step: what follows would find a machine in an
 * unknown state and only hide the cause. The evidence of the machine is printed there.
 */
export function tellStory(title: string, tell: (story: Story, step: Step) => void): void {
  for (const debian of debians) {
    const test: Test<Context> = suite(`${title} (${debian})`)
    const story = { debian } as Story
    let broken: string | undefined
    let watching = false
    test.before(async () => {
      story.world = await createWorld(debian)
    })
    test.after(async () => {
      if (broken !== undefined && process.env.MESHJOIN_KEEP !== undefined) await keep(story)
      story.world?.close()
    })
    let stopWatching = (): Leak[] => []
    const step: Step = (name, body) => {
      test(`${debian}: ${name}`, async () => {
        if (broken !== undefined) throw new Error(`not tried, since this failed before: ${broken}`)
        const started = Date.now()
        try {
          await body()
          if (story.machine !== undefined && !watching) {
            watching = true
            stopWatching = watchProcesses(story.machine, story.world.spire.tokens)
          }
        } catch (error) {
          broken = name
          process.stdout.write(`\n--- ${debian}: ${name}\n${await evidence(story)}\n---\n`)
          throw error
        }
        process.stdout.write(`${debian}: ${name} (${Math.round((Date.now() - started) / 100) / 10} s)\n`)
      })
    }
    tell(story, step)
    step('no token and no key was seen in command lines, environments, logs or readable files', async () => {
      const secrets = await listSecrets(story.world, story.machine)
      assert.ok(secrets.length > 0)
      assert.equal([...stopWatching(), ...(await scanForLeaks(story.machine, secrets))], [])
    })
    test.run()
  }
}

async function evidence(story: Story): Promise<string> {
  try {
    return `${story.machine.console().split('\n').slice(-15).join('\n')}\n${await story.machine.evidence()}`
  } catch (error) {
    return `no evidence: ${String(error)}`
  }
}

/** MESHJOIN_KEEP: the machine of a failed story runs on until the run is interrupted. */
async function keep({ machine }: Story): Promise<void> {
  const enter = machine === undefined ? '' : `nsenter -t ${machine.pid()} -a -- sh`
  process.stdout.write(`kept for inspection, until Ctrl-C: ${enter}\n`)
  await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1))
}

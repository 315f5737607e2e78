import { until } from './command.ts'
import type { Story } from './story.ts'
import { lookAtTraffic, type Traffic } from './traffic.ts'

export const proxied: Traffic = { inbound: 'proxied', outbound: 'proxied', ssh: 'works' }
export const bypassed: Traffic = { inbound: 'bypassed', outbound: 'bypassed', ssh: 'works' }

/** Both directions have to go as said, and SSH to work, within the time. One look at which SSH fails ends it. */
export async function expectTraffic(
  story: Story,
  what: string,
  expected: Traffic,
  seconds = 60,
): Promise<void> {
  await until(`${what}: ${JSON.stringify(expected)}`, seconds, async () => {
    const seen = await lookAtTraffic(story.world, story.machine)
    if (JSON.stringify(seen) === JSON.stringify(expected)) return true
    throw new Error(JSON.stringify(seen))
  })
}

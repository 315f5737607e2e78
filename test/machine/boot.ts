/**
 * Boots one machine into a world in which everything is up, and keeps it until Ctrl-C.
 *
 * Usage: MESHJOIN_DEBIAN=trixie node --import tsx test/machine/boot.ts
 */
import { generateMachine, makeDocument } from './harness/document.ts'
import { createMachine } from './harness/machine.ts'
import { debians } from './harness/programs.ts'
import { createWorld } from './harness/world.ts'

const [debian = 'bookworm'] = debians
const world = await createWorld(debian)
const machine = await createMachine(world, { generated: generateMachine(makeDocument(world)) })
await machine.boot()
process.stdout.write(
  `a shell on the machine:  nsenter -t ${machine.pid()} -a -- sh -l\nthe cluster's side:      ip netns exec ${world.cluster.name} sh\nthe scratch folder:      ${world.folder}\nCtrl-C removes it all\n`,
)
setInterval(() => {}, 60_000)

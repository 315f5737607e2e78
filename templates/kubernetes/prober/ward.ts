import { count, counterNames } from './counters.ts'
import { log } from './log.ts'
import { probesOf } from './probes.ts'
import type { Schedule } from './schedule.ts'
import type { Machine, Settings } from './settings.ts'
import { judge, ProbeState, type Verdict } from './verdict.ts'

/** A machine in our care: what its probes say, and whether somebody takes it out. */
export class Ward {
  readonly machine: Machine
  readonly #settings: Settings
  readonly #states: ProbeState[] = []
  readonly #onChange: (ward: Ward) => void
  #isAnnotated = false
  /** Undefined before the first verdict. */
  verdict: Verdict | undefined

  constructor(machine: Machine, settings: Settings, onChange: (ward: Ward) => void) {
    this.machine = machine
    this.#settings = settings
    this.#onChange = onChange
  }

  /** Asks from now on. */
  watch(schedule: Schedule): void {
    for (const probe of probesOf(this.machine, this.#settings)) {
      const state = new ProbeState(this.#settings)
      this.#states.push(state)
      schedule.every(probe.periodSeconds, async () => {
        const started = performance.now()
        const failure = await probe.run()
        count(counterNames.probes, { probe: probe.name })
        count(counterNames.probeSeconds, { probe: probe.name }, (performance.now() - started) / 1000)
        if (failure !== undefined) count(counterNames.failures, { reason: failure.reason })
        state.note(failure)
        this.#judge()
      })
    }
    this.#judge()
  }

  /** Whether the object itself asks to be taken out. */
  get isAnnotated(): boolean {
    return this.#isAnnotated
  }

  set isAnnotated(value: boolean) {
    if (value === this.#isAnnotated) return
    this.#isAnnotated = value
    this.#judge()
  }

  #judge(): void {
    const { machine, verdict: before } = this
    const { drainAnnotation } = this.#settings
    const drainedBy = machine.drain === true ? 'the document' : this.#isAnnotated ? `the annotation ${drainAnnotation}` : undefined
    const verdict = judge(drainedBy, this.#states)
    if (verdict === undefined && before?.reason !== 'Drained') return
    this.verdict = verdict
    if (verdict === undefined) return
    if (verdict.ready === before?.ready && verdict.reason === before.reason) return
    const { namespace, name } = machine
    const { ready, reason, message } = verdict
    count(counterNames.transitions, { to: ready ? 'ready' : reason === 'Drained' ? 'drained' : 'not_ready' })
    log('info', ready ? 'ready' : 'not ready', { namespace, machine: name, reason, message })
    this.#onChange(this)
  }
}

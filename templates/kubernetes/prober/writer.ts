import type { Answer, ApiServer, ExternalWorkload } from './api.ts'
import { changeConditions } from './condition.ts'
import { count, counterNames } from './counters.ts'
import { log } from './log.ts'
import type { Settings } from './settings.ts'
import type { Ward } from './ward.ts'

const patchesAtOnce = 8
const shortestBackoff = 1
const longestBackoff = 60

/** What is known of the writing of one machine. */
interface Entry {
  readonly ward: Ward
  /** When to look at the object again although nothing has changed, in milliseconds. */
  dueAt: number
  /** A new verdict, not yet written. */
  isChanged: boolean
  isBusy: boolean
  /** What was last refused, so that it is said once. */
  refused: number | undefined
}

/**
 * Brings verdicts into the conditions of ExternalWorkloads: when one changes and when it was last said some minutes ago.
 * An empty patch asks for the object first. So a restarted prober keeps the time of the last transition, and a machine that
 * the annotation takes out is never called ready in between. At most one entry waits for each machine.
 */
export class Writer {
  readonly #api: ApiServer
  readonly #settings: Settings
  readonly #entries = new Map<Ward, Entry>()
  readonly #timer: NodeJS.Timeout
  #busy = 0
  #backoff = 0
  #closedUntil = 0
  #isStopped = false
  /** Whether the API server answered the last request; undefined before the first. */
  isUp: boolean | undefined

  constructor(api: ApiServer, settings: Settings) {
    this.#api = api
    this.#settings = settings
    this.#timer = setInterval(() => this.#work(), Math.min(1000, settings.refreshSeconds * 50))
  }

  get pending(): number {
    return [...this.#entries.values()].filter(({ isChanged }) => isChanged).length
  }

  /** A machine has a new verdict. */
  note(ward: Ward): void {
    const entry = this.#entries.get(ward)
    if (entry === undefined)
      this.#entries.set(ward, { ward, dueAt: 0, isChanged: true, isBusy: false, refused: undefined })
    else if (entry.refused === undefined) Object.assign(entry, { isChanged: true, dueAt: 0 })
    else entry.isChanged = true // in its own time: the object is not there, or not ours
    this.#work()
  }

  #work(): void {
    const now = Date.now()
    if (this.#isStopped || now < this.#closedUntil) return
    // While the API server does not answer, one request asks whether it is back.
    const atOnce = this.isUp === false ? 1 : patchesAtOnce
    if (this.#busy >= atOnce) return
    for (const entry of this.#entries.values()) {
      if (entry.isBusy || entry.dueAt > now || entry.ward.verdict === undefined) continue
      void this.#serve(entry)
      if (this.#busy >= atOnce) return
    }
  }

  async #serve(entry: Entry): Promise<void> {
    entry.isBusy = true
    this.#busy += 1
    try {
      await this.#write(entry)
    } catch (error) {
      this.#stepBack(entry, (error as { code?: string }).code ?? String(error))
    }
    this.#busy -= 1
    entry.isBusy = false
    this.#work()
  }

  async #write(entry: Entry): Promise<void> {
    const { ward } = entry
    const { refreshSeconds } = this.#settings
    const object = await this.#patch(entry, {})
    if (object === undefined) return
    entry.isChanged = false
    ward.isAnnotated = isDrained(object, this.#settings.drainAnnotation)
    const { verdict } = ward
    if (verdict === undefined) return this.#rest(entry)
    const conditions = changeConditions(object, verdict, Date.now(), refreshSeconds)
    if (conditions !== undefined && (await this.#patch(entry, { status: { conditions } })) === undefined) {
      entry.isChanged = true
      return
    }
    // What changed meanwhile has set isChanged again.
    if (entry.isChanged && ward.verdict !== verdict) entry.dueAt = 0
    else this.#rest(entry)
  }

  /** Until the next look; soon for one that is taken out by the annotation, and waits to be let in again. */
  #rest(entry: Entry): void {
    const { refreshSeconds } = this.#settings
    const seconds = entry.ward.isAnnotated ? refreshSeconds / 10 : refreshSeconds
    Object.assign(entry, { isChanged: false, dueAt: Date.now() + seconds * 1000 * (0.9 + 0.1 * Math.random()) })
  }

  /** Undefined where the object was not patched; then the entry says when it is tried again. */
  async #patch(entry: Entry, patch: object): Promise<ExternalWorkload | undefined> {
    const { namespace, name } = entry.ward.machine
    const started = performance.now()
    const answer = await this.#api.patch(namespace, name, patch).catch((error: unknown) => {
      count(counterNames.patches, { result: 'unanswered' })
      throw error
    })
    count(counterNames.patchSeconds, {}, (performance.now() - started) / 1000)
    count(counterNames.patches, { result: answer.status === 200 ? 'ok' : String(answer.status) })
    const { status, object } = answer
    if (status === 401 || status === 429 || status >= 500) {
      this.#stepBack(entry, `status ${status}`, answer)
      return undefined
    }
    if (this.isUp !== true) log('info', 'API server answers')
    this.isUp = true
    this.#backoff = 0
    if (object === undefined) this.#setAside(entry, status)
    else entry.refused = undefined
    return object
  }

  /** The object is not there, or is not ours to patch. That is said once; what is wrong is mended by hand, in minutes. */
  #setAside(entry: Entry, status: number): void {
    const { namespace, name } = entry.ward.machine
    entry.dueAt = Date.now() + Math.min(60, this.#settings.refreshSeconds) * 1000 * (1 + Math.random() / 5)
    if (entry.refused === status) return
    entry.refused = status
    log('warn', status === 404 ? 'no such ExternalWorkload' : 'patch refused', { namespace, machine: name, status })
  }

  /** Nobody is asked for a while, longer each time. Verdicts go on, and the newest of each machine is written in the end. */
  #stepBack(entry: Entry, reason: string, answer?: Answer): void {
    // Last of all from now on, so that one that fails for reasons of its own is not in the others' way.
    this.#entries.delete(entry.ward)
    this.#entries.set(entry.ward, entry)
    if (Date.now() < this.#closedUntil) return
    this.#backoff = Math.min(Math.max(this.#backoff * 2, shortestBackoff), longestBackoff)
    const asked = Math.min(answer?.retryAfterSeconds ?? 0, longestBackoff)
    const longest = Math.max(this.#settings.refreshSeconds, 0.1)
    const seconds = Math.min(Math.max(this.#backoff * (0.75 + Math.random() / 2), asked), longest)
    this.#closedUntil = Date.now() + seconds * 1000
    if (this.isUp !== false) log('warn', 'API server does not answer', { reason })
    this.isUp = false
  }

  /** Ends what is under way. What is not written then, the next prober finds for itself. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    for (let tries = 0; this.#busy > 0 && tries < 100; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50))
    this.#api.close()
  }
}

/** Whoever writes the annotation means it: "false" alone, or nothing, is no. */
function isDrained(object: ExternalWorkload, annotation: string): boolean {
  const value = object.metadata?.annotations?.[annotation] ?? ''
  return value !== '' && value !== 'false'
}

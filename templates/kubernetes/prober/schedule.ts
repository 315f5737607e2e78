/** Runs jobs again and again, each with its period, spread by chance, and only so many at a time. */
export class Schedule {
  readonly #concurrency: number
  readonly #waiting: (() => void)[] = []
  readonly #timers = new Map<object, NodeJS.Timeout>()
  #running = 0
  #isStopped = false
  /** When a job last came to its end, in milliseconds. */
  lastEnd = Date.now()

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** The first time some time within one period: thousands of machines are not asked at once when the program starts. */
  every(periodSeconds: number, job: () => Promise<void>): void {
    const period = periodSeconds * 1000
    const key = {}
    const run = async (): Promise<void> => {
      const started = performance.now()
      await this.#within(job)
      const next = period * (0.9 + 0.2 * Math.random()) - (performance.now() - started)
      if (!this.#isStopped) this.#timers.set(key, setTimeout(run, Math.max(next, 0)))
    }
    this.#timers.set(key, setTimeout(run, period * Math.random()))
  }

  async #within(job: () => Promise<void>): Promise<void> {
    if (this.#running >= this.#concurrency) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running += 1
    try {
      if (!this.#isStopped) await job()
    } finally {
      this.lastEnd = Date.now()
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next() // takes over this one's place
    }
  }

  stop(): void {
    this.#isStopped = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}

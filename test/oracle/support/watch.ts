/**
 * Runs in a network namespace of its own: machines as stand-ins at their addresses, and a real Prometheus that scrapes them by
 * the configuration in a folder. Asks it what comes in as JSON, and says as JSON what it answers.
 *
 *   usage: node --import tsx test/oracle/support/watch.ts PROMETHEUS FOLDER
 */
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What is asked. */
export interface Watch {
  /** `address:port`, and what it answers to `/metrics`: `{n}` times a number is replaced by how often that was asked. */
  readonly servers: readonly { readonly address: string; readonly port: number; readonly page: Page }[]
  /** How many targets there are, in any state. */
  readonly targets: number
  readonly queries: readonly string[]
}

/** What a stand-in is. */
export type Page =
  | { readonly of: 'proxy'; readonly state: 'well' | 'first-release' | 'ill' }
  | { readonly of: 'pod' | 'prober' }
  | { readonly of: 'node'; readonly text: string }

/** A series of an answer, with its labels. */
export type Series = Readonly<Record<string, string>>

/** What Prometheus says to each query: the labels of each series, or why it cannot be answered. */
export type Answers = readonly (readonly Series[] | string)[]

/** All of it, once every target was scraped a few times. A minute at most. */
async function main(prometheus: string, folder: string): Promise<void> {
  const watch = JSON.parse(readFileSync(0, 'utf8')) as Watch
  const ip = (...words: string[]) => execFileSync('ip', words)
  ip('link', 'set', 'lo', 'up')
  for (const address of new Set(watch.servers.map((server) => server.address)))
    ip('address', 'add', address, 'dev', 'lo', ...(address.includes(':') ? ['nodad'] : []))
  const { podMetrics, proberMetrics, proxyMetrics } = await import('./watched-machines.ts')
  const answer = (page: Page, asked: number): string => {
    if (page.of === 'proxy') return proxyMetrics(page.state, asked, Date.now() / 1000)
    if (page.of === 'node') return page.text
    return page.of === 'pod' ? podMetrics(asked) : proberMetrics(asked)
  }
  for (const { address, port, page } of watch.servers) {
    let asked = 0
    createServer((request, response) => {
      // node_exporter is asked for these numbers alone.
      if (page.of === 'node' && request.url !== '/metrics?collect%5B%5D=textfile') response.statusCode = 400
      asked += 1
      response.end(answer(page, asked))
    }).listen(port, address)
  }
  const child = spawn(
    prometheus,
    [
      '--config.file=prometheus.yml',
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:9090',
      '--log.level=warn',
    ],
    { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  try {
    await untilScraped(watch.targets)
    const answers: (readonly Series[] | string)[] = []
    for (const query of watch.queries) answers.push(await ask(query))
    process.stdout.write(`\n${JSON.stringify(answers)}`)
  } finally {
    child.kill('SIGKILL')
  }
  process.exit(0)
}

async function untilScraped(targets: number): Promise<void> {
  for (let tries = 0; tries < 120; tries++) {
    await sleep(500)
    const answer = await ask('count_over_time(up[1m]) > 5').catch(() => [])
    if (answer.length === targets) return
  }
  throw new Error('Prometheus has not scraped the machines within a minute')
}

async function ask(query: string): Promise<readonly Series[] | string> {
  const url = `http://127.0.0.1:9090/api/v1/query?query=${encodeURIComponent(query)}`
  const { data, error } = (await (await fetch(url)).json()) as {
    data?: { result: readonly { metric: Series }[] }
    error?: string
  }
  return data === undefined ? (error ?? 'no answer') : data.result.map(({ metric }) => metric)
}

const [, program, prometheus, folder] = process.argv
if (program?.endsWith('watch.ts') && prometheus !== undefined && folder !== undefined)
  await main(prometheus, folder)

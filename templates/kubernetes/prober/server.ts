import { createServer, type Server } from 'node:http'

/** What the program shows of itself. */
export interface Pages {
  readonly isHealthy: () => boolean
  readonly metrics: () => string
}

/** Serves /healthz and /metrics. */
export function serve(port: number, { isHealthy, metrics }: Pages): Server {
  const server = createServer((request, response) => {
    const path = request.url?.replace(/\?.*$/, '')
    if (path === '/metrics') {
      response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
      response.end(metrics())
      return
    }
    const isKnown = path === '/healthz'
    response.statusCode = isKnown ? (isHealthy() ? 200 : 503) : 404
    response.end(isKnown ? `${isHealthy() ? 'ok' : 'no probe has ended for too long'}\n` : 'not found\n')
  })
  server.requestTimeout = 10_000
  server.maxConnections = 100
  return server.listen(port)
}

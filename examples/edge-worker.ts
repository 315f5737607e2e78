/**
 * User-data as a service, for an edge worker or a browser's service worker: POST a document, add ?machine=NAME, and get
 * that machine's user-data. The library needs no file, clock, network or eval, so it runs there as it is.
 */
import { cloudConfig, plan, printCloudConfig } from 'meshjoin'

export default {
  async fetch(request: Request): Promise<Response> {
    const planned = plan(await request.text())
    if (!planned.ok) return Response.json(planned.diagnostics, { status: 422 })
    const name = new URL(request.url).searchParams.get('machine')
    const machine = planned.value.find((candidate) => candidate.name === name)
    if (machine === undefined) return new Response(`no machine ${name}\n`, { status: 404 })
    const userData = printCloudConfig(cloudConfig(machine))
    return new Response(userData, { headers: { 'content-type': 'text/cloud-config; charset=utf-8' } })
  },
}

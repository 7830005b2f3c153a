import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { GatewaySimError, messageOf } from './errors.ts'
import { FAULT_KINDS } from './fault/fault-kinds.ts'
import type { FaultOrder, GatewaySim, GatewaySimStats } from './gateway-sim.ts'
import { TICK_KINDS } from './market/tick.ts'
import { truthLine, truthTail } from './tape/truth-line.ts'

export interface ControlSettings {
  readonly host: string
  readonly port: number
  readonly sim: GatewaySim
}

const MOST_BODY_BYTES = 64 * 1024

/** Serves health, metrics, faults and the market's past over HTTP; resolves when it listens. The caller closes it. */
export async function startControl(settings: ControlSettings): Promise<Server> {
  const server = createServer((request, response) => {
    route(settings.sim, request, response).catch((error: unknown) => refuse(response, error))
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(settings.port, settings.host, resolve)
  await promise
  server.off('error', reject)
  return server
}

async function route(sim: GatewaySim, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://gateway-sim')
  const id = /^\/faults\/(\d{1,15})$/.exec(url.pathname)?.[1]
  switch (`${request.method} ${id === undefined ? url.pathname : '/faults/ID'}`) {
    case 'GET /health':
      return health(response, sim.stats())
    case 'GET /metrics':
      return metrics(response, sim.stats())
    case 'GET /faults':
      return answer(response, 200, { active: sim.faults.active, kinds: kindsInWords() })
    case 'POST /faults':
      return answer(response, 201, sim.faults.order(await orderIn(request)))
    case 'DELETE /faults':
      sim.faults.liftAll()
      return answer(response, 200, { active: [] })
    case 'DELETE /faults/ID':
      return sim.faults.lift(Number(id))
        ? answer(response, 200, { lifted: Number(id) })
        : answer(response, 404, { error: `no fault ${id} is active` })
    case 'GET /tape':
      return await tape(sim, url.searchParams, response)
    default:
      return answer(response, 404, { error: 'GET /health, /metrics, /faults or /tape; POST /faults; DELETE /faults or /faults/<id>' })
  }
}

async function orderIn(request: IncomingMessage): Promise<FaultOrder> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > MOST_BODY_BYTES) break
  }
  const invalid = (why: string) => new GatewaySimError('IBS_SIM_FAULT_INVALID', `${why}; send JSON like {"fault":"mute","seconds":30}`)
  let order: unknown
  try {
    order = JSON.parse(text)
  } catch (error) {
    throw invalid(messageOf(error))
  }
  if (typeof order !== 'object' || order === null || !('fault' in order) || typeof order.fault !== 'string')
    throw invalid('fault is missing')
  return { ...order, fault: order.fault }
}

function kindsInWords(): object {
  return Object.fromEntries(
    [...FAULT_KINDS].map(([name, { doc, fields }]) => [
      name,
      {
        doc,
        settings: Object.fromEntries(
          Object.entries(fields).map(([field, { doc: text, rule, fallback }]) => [field, { doc: text, rule, default: fallback }]),
        ),
      },
    ]),
  )
}

/** Ticks of the market's past, a v3 line each as in the truth log, `rid` 0. */
async function tape(sim: GatewaySim, query: URLSearchParams, response: ServerResponse): Promise<void> {
  const kind = TICK_KINDS.find((known) => known === query.get('tt'))
  const [conId, startUs, endUs] = ['cid', 'start', 'end'].map((name) => Number(query.get(name) || Number.NaN))
  const numbers = [conId, startUs, endUs].every(Number.isFinite)
  if (kind === undefined || !numbers || conId === undefined || startUs === undefined || endUs === undefined)
    return answer(response, 400, { error: `cid, tt (${TICK_KINDS.join(', ')}), start and end (µs since 1970) are needed` })
  const ticks = await sim.tape({ conId, kind, startUs, endUs })
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.end(ticks.map((tick) => truthLine(kind, 0, tick, truthTail(tick))).join(''))
}

function refuse(response: ServerResponse, error: unknown): void {
  const invalid = error instanceof GatewaySimError
  if (response.headersSent) response.destroy()
  else answer(response, invalid ? 400 : 500, { error: messageOf(error), ...(invalid && { code: error.code }) })
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}

function health(response: ServerResponse, stats: GatewaySimStats): void {
  const state = stats.tape === 'failed' ? 'failed' : 'ok'
  answer(response, state === 'ok' ? 200 : 503, { service: 'gateway-sim', state, ...stats })
}

function metrics(response: ServerResponse, stats: GatewaySimStats): void {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
  response.end(
    [
      '# HELP ibs_sim_ticks_sent_total Ticks handed to client sockets.',
      '# TYPE ibs_sim_ticks_sent_total counter',
      `ibs_sim_ticks_sent_total ${stats.ticks}`,
      '# HELP ibs_sim_clients Connected clients.',
      '# TYPE ibs_sim_clients gauge',
      `ibs_sim_clients ${stats.clients}`,
      '# HELP ibs_sim_subscriptions Tick-by-tick subscriptions that stand.',
      '# TYPE ibs_sim_subscriptions gauge',
      `ibs_sim_subscriptions ${stats.subscriptions}`,
      '# HELP ibs_sim_faults Faults that last.',
      '# TYPE ibs_sim_faults gauge',
      `ibs_sim_faults ${stats.faults.length}`,
      '',
    ].join('\n'),
  )
}

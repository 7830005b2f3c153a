import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { hostileBytes, hostileMessage, hostileRequest, type Random } from './requests.ts'

/** What came back that must not. */
export interface AttackReport {
  /** HTTP answers, by status. */
  statuses: Map<number, number>
  /** Ids of the routes that were asked. */
  routes: Set<string>
  messages: number
  sockets: number
  wrongs: string[]
}

export interface AttackOptions {
  url: string
  random: Random
  /** In all; a fifth of them WebSocket messages, a tenth bare sockets. */
  requests: number
  /** Stands in a file outside the data folder, and must never come back. */
  canary: string
}

const AT_ONCE = 12
const MOST_READ_BYTES = 65_536
const ANSWERS_WITHIN_MS = 20_000

/** Sends hostile requests, messages and bytes to a server of ours and looks at what comes back. */
export async function attack({ url, random, requests, canary }: AttackOptions): Promise<AttackReport> {
  const report: AttackReport = { statuses: new Map(), routes: new Set(), messages: 0, sockets: 0, wrongs: [] }
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  let left = requests
  const worker = async () => {
    while (left > 0) {
      const dice = random()
      const count = dice < 0.02 ? 10 : 1
      left -= count
      if (dice < 0.02) await sendMessages(url, random, count, report)
      else if (dice < 0.12) await sendBytes(url, random, report)
      else await sendRequest(url, random, { agent, report, canary })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  agent.destroy()
  return report
}

interface RequestContext {
  agent: Agent
  report: AttackReport
  canary: string
}

function sendRequest(url: string, random: Random, { agent, report, canary }: RequestContext): Promise<void> {
  const { route, method, path, headers, body } = hostileRequest(random)
  report.routes.add(route)
  const { hostname, port } = new URL(url)
  const shown = `${method} ${path.slice(0, 200)} ${JSON.stringify(headers).slice(0, 200)}`
  return new Promise((resolve) => {
    const sent = request({ hostname, port, method, path, headers, agent })
    const isOver = (wrong?: string) => {
      if (wrong !== undefined) report.wrongs.push(`${shown}: ${wrong}`)
      clearTimeout(deadline)
      sent.destroy()
      resolve()
    }
    const deadline = setTimeout(() => isOver('no answer'), ANSWERS_WITHIN_MS)
    sent.on('error', () => isOver()) // a connection that is broken off is an answer too; a crash shows in what comes after
    sent.on('upgrade', (_response, socket) => {
      socket.destroy()
      isOver()
    })
    sent.on('response', (response) => {
      const status = response.statusCode ?? 0
      report.statuses.set(status, (report.statuses.get(status) ?? 0) + 1)
      let text = ''
      response.setEncoding('latin1').on('data', (part) => {
        text += part
        if (text.length > MOST_READ_BYTES || text.startsWith('retry:')) end()
      })
      const end = () => {
        if (status >= 500 && !tellsState(path)) isOver(`${status} ${text.slice(0, 300)}`)
        else isOver(text.includes(canary) ? 'gave a file from outside' : undefined)
      }
      response.on('end', end).on('error', end)
    })
    sent.end(body)
  })
}

/** Whose 503 is an answer: something here is not as it should be, for no service runs beside this one. */
const tellsState = (path: string): boolean => /^\/(system\/)?health([?#;]|$)/.test(path)

async function sendMessages(url: string, random: Random, count: number, report: AttackReport): Promise<void> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/v3/ws/stream`)
  ws.on('error', () => undefined)
  ws.on('message', (data) => {
    if (String(data).includes('"IBS_QUERY_INTERNAL"')) report.wrongs.push(`WebSocket: ${String(data).slice(0, 300)}`)
  })
  await new Promise((resolve) => ws.once('open', resolve).once('close', resolve))
  for (let i = 0; i < count && ws.readyState === ws.OPEN; i++) {
    report.messages += 1
    if (random() < 0.02) ws.send(Buffer.from([0, 1, 2]))
    else ws.send(hostileMessage(random))
    await wait(random() * 4)
  }
  const closed = new Promise((resolve) => ws.once('close', resolve))
  if (random() < 0.5) ws.terminate()
  else ws.close()
  if (ws.readyState !== ws.CLOSED) await closed
}

async function sendBytes(url: string, random: Random, report: AttackReport): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).on('error', () => undefined)
  report.sockets += 1
  socket.write(hostileBytes(random), 'latin1')
  socket.resume()
  await Promise.race([new Promise((resolve) => socket.once('close', resolve)), wait(30 + random() * 50)])
  socket.destroy()
}

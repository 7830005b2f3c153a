import { connect } from 'node:net'
import { codeOf } from '@ib-stream/model'
import { bytesText } from '../output/units-text.ts'
import { type Finding, fail, ok, skipped, warn } from './finding.ts'

interface ServerInfo {
  version?: string
  jetstream?: boolean
  max_payload?: number
}

const OLDEST = [2, 10] as const
/** A batch of ticks takes up to 64 KiB, with headers and what comes. */
const LEAST_PAYLOAD_BYTES = 2 ** 17
const WITHIN_MS = 3_000

/** The server tells its version and limits by itself, before anybody logs in. */
export async function checkNats(url: string, { isOurs }: { isOurs: boolean }): Promise<Finding> {
  const first = url.split(',')[0]?.trim() ?? url
  const { hostname, port } = new URL(first.includes('://') ? first : `nats://${first}`)
  let info: ServerInfo
  try {
    info = await infoOf(hostname, Number(port === '' ? 4222 : port))
  } catch (error) {
    if (isOurs) return skipped('nats', 'its server comes with "npm start"')
    const why = codeOf(error) ?? (Error.isError(error) ? error.message : String(error))
    return fail(
      'nats',
      `nothing that is NATS answers at ${first} (${why})`,
      'start nats-server, or correct NATS_URL; without it "npm start" runs its own',
    )
  }
  const { version = '0', jetstream = false, max_payload = 0 } = info
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    return fail('nats', `nats-server ${version}`, 'run 2.10 or newer; without NATS_URL "npm start" brings one')
  if (!jetstream)
    return fail('nats', `nats-server ${version} without JetStream`, 'start it with -js, or a jetstream block in its configuration')
  if (max_payload < LEAST_PAYLOAD_BYTES)
    return fail('nats', `messages may have ${max_payload} bytes`, `set max_payload to ${LEAST_PAYLOAD_BYTES} or more`)
  if (first.startsWith('nats://') && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
    return warn('nats', `nats-server ${version} at ${hostname}, in the clear`, 'use tls:// or a private network between the machines')
  return ok('nats', `nats-server ${version}, JetStream, messages up to ${bytesText(max_payload)}`)
}

/** The first line that a server sends: `INFO {json}`. */
function infoOf(host: string, port: number): Promise<ServerInfo> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: WITHIN_MS })
    let text = ''
    const end = (error?: unknown) => {
      socket.destroy()
      if (error !== undefined) reject(error)
    }
    socket.setEncoding('utf8')
    socket.once('timeout', () => end(new Error('it says nothing')))
    socket.once('error', end)
    socket.once('close', () => reject(new Error('it closed the connection')))
    socket.on('data', (more) => {
      text += String(more)
      const [, json] = /^INFO (\{.*\}) *\r?\n/.exec(text) ?? []
      if (json !== undefined) resolve(JSON.parse(json) as ServerInfo)
      if (json !== undefined || text.includes('\n')) end(json === undefined ? new Error('it is no NATS') : undefined)
    })
  })
}

import { randomUUID } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CONTRACT_LOOKUP, CONTRACT_RESOLVE, LEASE_SUBJECTS, serveMicro } from '@ib-stream/bus'
import type { RecordingHealth } from '@ib-stream/model'
import { openLiveHub } from '@ib-stream/tape'
import { CIDS, market, openRecording } from '../../../../libs/tape/test/recording.ts'
import { openStreamLeases, type StreamLeases } from '../../src/stream/stream-leases.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

/** A server over a real log and files, beside which something lies that it must never give. */
export interface Fortress extends AsyncDisposable {
  server: StandingServer
  leases: StreamLeases
  canary: string
}

const IDLE: RecordingHealth = {
  health: 'unknown',
  gateway: 'waiting',
  lines: { allowed: 5, granted: 0, waiting: 0 },
  streams: [],
  troubles: [],
  clock: { state: 'unknown', offsetUs: 0, streams: [] },
}

export async function openFortress(): Promise<Fortress> {
  const recording = await openRecording()
  const stop = new AbortController()
  const canary = `canary-${randomUUID()}`
  writeFileSync(join(dirname(recording.dataDir), 'secret'), canary)
  await recording.publish(market(3_000, { seed: 5 }))
  const last = (await recording.messages()).at(-1)?.seq ?? 0
  for (const cid of CIDS) await recording.write('json', cid, last)
  // ingest's side of the bus: it knows no contract and refuses each stream, as IB would what is asked for here
  const refuse = (code: string) => JSON.stringify({ ok: false, code, message: 'not here' })
  const answer = (subject: string, code: string) =>
    recording.bus.connection.subscribe(subject, { callback: (_, message) => void message.respond(refuse(code)) })
  for (const subject of [CONTRACT_LOOKUP, CONTRACT_RESOLVE]) answer(subject, 'IBS_INGEST_NO_CONTRACT')
  answer(LEASE_SUBJECTS, 'IBS_INGEST_STREAM_REFUSED')
  const ingest = serveMicro({
    bus: recording.bus,
    name: 'ingest',
    version: '1.0.0',
    description: 'says that it does nothing',
    state: () => IDLE,
  })
  const hub = await openLiveHub({ bus: recording.bus, signal: stop.signal })
  const leases = openStreamLeases(() => recording.bus)
  const server = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub }, leases })
  return {
    server,
    leases,
    canary,
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error('over'))
      await ingest.close()
      await hub.close()
      await server[Symbol.asyncDispose]()
      await recording[Symbol.asyncDispose]()
    },
  }
}

/** Streams, leases and sockets that the server still has, and files and sockets that this process has open. */
export async function heldBy({
  server,
  leases,
}: Fortress): Promise<{ clients: number; leases: number; connections: number; handles: number }> {
  const { total } = (await (await fetch(`${server.url}/v3/clients`, { headers: { connection: 'close' } })).json()) as { total: number }
  const connections = await new Promise<number>((resolve, reject) =>
    server.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
  return { clients: total, leases: leases.size, connections, handles: readdirSync('/proc/self/fd').length }
}

import type { TickMessage } from '@ib-stream/model'
import { encodeTickJson } from '@ib-stream/storage'
import { type LiveHub, openLiveHub } from '@ib-stream/tape'
import { CIDS, market, openRecording, type Recording } from '../../../libs/tape/test/recording.ts'
import type { ServerDeps } from '../src/server-deps.ts'
import { type StandingServer, startServer } from './standing-server.ts'

/** The real server on a real log, with the hub that follows it. */
export interface LiveServer extends AsyncDisposable {
  recording: Recording
  hub: LiveHub
  server: StandingServer
  /** Aborted when it closes. */
  signal: AbortSignal
  /** Publishes a market that goes on where the one before ended. */
  publish(count: number, seed: number): Promise<readonly TickMessage[]>
  /** As {@link publish}, from a moment on; µs UTC. */
  publishFrom(us: number, count: number, seed: number): Promise<readonly TickMessage[]>
  /** As {@link publish}: trades of the first contract alone, with 4 kB of conditions each. */
  publishWide(count: number, seed: number): Promise<readonly TickMessage[]>
}

export async function openLiveServer(deps: Partial<ServerDeps> = {}): Promise<LiveServer> {
  const stop = new AbortController()
  const recording = await openRecording()
  const hub = await openLiveHub({ bus: recording.bus, signal: stop.signal })
  const server = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub }, ...deps })
  let fromUs: number | undefined
  const publish = async (arrivals: TickMessage[], change = (tick: TickMessage) => tick) => {
    fromUs = (arrivals.at(-1)?.st ?? 0) + 1
    const ticks = arrivals.map(change)
    await recording.publish(ticks)
    return ticks
  }
  const next = (count: number, seed: number) => market(count, fromUs === undefined ? { seed } : { seed, fromUs })
  return {
    recording,
    hub,
    server,
    signal: stop.signal,
    publish: (count, seed) => publish(next(count, seed)),
    publishFrom: (us, count, seed) => publish(market(count, { seed, fromUs: us })),
    publishWide: (count, seed) => publish(next(count, seed), wide),
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error('the test is over'))
      await hub.close()
      await server[Symbol.asyncDispose]()
      await recording[Symbol.asyncDispose]()
    },
  }
}

const wide = ({ ts, st }: TickMessage): TickMessage => ({ ts, st, cid: CIDS[0], tt: 'last', rid: 1, p: 1, sc: 'x'.repeat(4_000) })

/** The lines of the ticks of some contracts. */
export const linesOf = (ticks: readonly TickMessage[], cids: readonly number[] = [CIDS[0]]): string[] =>
  ticks.filter(({ cid }) => cids.includes(cid)).map(encodeTickJson)

import { Worker } from 'node:worker_threads'
import { EventName, IBApi, TickByTickDataType } from '@stoqey/ib'
import { FrameReader } from '../../services/ingest/src/connection/frame-reader.ts'
import { freePort } from '../../test/support/free-port.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { MNQ } from './load.ts'

const FRAMES_TO_WARM_UP = 100_000

/** Ready-made quotes from another thread, and a client of the library that is subscribed to them. */
async function connected(): Promise<{ api: IBApi; end(): Promise<unknown> }> {
  const port = await freePort()
  const server = new Worker(new URL('frame-server.ts', import.meta.url), { workerData: { port } })
  await new Promise((resolve) => server.once('message', resolve))
  const api = new IBApi({ host: '127.0.0.1', port, clientId: 1, maxReqPerSec: 1_000 })
  const ready = new Promise((resolve) => api.once(EventName.nextValidId, resolve))
  api.connect()
  await ready
  return {
    api,
    end: () => {
      api.disconnect()
      return server.terminate()
    },
  }
}

async function framesPerSecond(frames: () => number, seconds: number): Promise<number> {
  await waitFor('frames', () => frames() > FRAMES_TO_WARM_UP, 60_000)
  const [startedMs, before] = [performance.now(), frames()]
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  return Math.round(((frames() - before) / (performance.now() - startedMs)) * 1_000)
}

/** Tick-by-tick frames a second that @stoqey/ib decodes and hands to a listener that only counts. */
export async function libraryAlone(seconds: number): Promise<number> {
  const { api, end } = await connected()
  let frames = 0
  api.on(EventName.tickByTickBidAsk, () => {
    frames += 1
  })
  api.reqTickByTickData(1, { conId: MNQ }, TickByTickDataType.BidAsk, 0, false)
  const rate = await framesPerSecond(() => frames, seconds)
  await end()
  return rate
}

/** The same through ingest's reader, which takes these frames before the library: to their fields as text. */
export async function withOurReader(seconds: number): Promise<number> {
  const { api, end } = await connected()
  let frames = 0
  const { socket } = (api as unknown as { controller: { socket: { onData(bytes: Buffer): void } } }).controller
  const reader = new FrameReader({
    tick: () => {
      frames += 1
    },
    other: socket.onData.bind(socket),
  })
  socket.onData = (bytes) => reader.push(bytes)
  api.reqTickByTickData(1, { conId: MNQ }, TickByTickDataType.BidAsk, 0, false)
  const rate = await framesPerSecond(() => frames, seconds)
  await end()
  return rate
}

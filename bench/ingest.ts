// Ingest under load: what the client library can decode, 50,000 ticks a second for a minute with everything running, and 50,000 ticks within 100 ms.
// `npm run bench -- ingest [--only decode,steady,burst] [--seconds 60] [--rate 50000]`. Every program is a process of its own on this machine; counts are checked before a figure is printed.

import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { EventName, IBApi, TickByTickDataType } from '@stoqey/ib'
import { freePort } from '../test/support/free-port.ts'
import { waitFor } from '../test/support/wait-for.ts'
import { Load, MNQ } from './ingest/load.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'decode,steady,burst' },
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '50000' },
  },
})
/** Quotes and trades of MNQ that the simulator's model makes a second at `--rate 1`. */
const TICKS_AT_RATE_1 = 59

const parts: Record<string, () => Promise<object>> = { decode, steady, burst }
for (const name of values.only.split(',')) {
  const run = parts[name]
  if (!run) throw new Error(`--only ${name}: from ${Object.keys(parts).join(', ')}`)
  const figures = await run()
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length }
  process.stdout.write(`${JSON.stringify({ part: name, ...figures, ...machine })}\n`)
}

/** Frames a second that @stoqey/ib decodes and hands to a listener that only counts; the frames come ready-made from another thread. */
async function decode(): Promise<object> {
  const port = await freePort()
  const server = new Worker(new URL('ingest/frame-server.ts', import.meta.url), { workerData: { port } })
  await new Promise((resolve) => server.once('message', resolve))
  const api = new IBApi({ host: '127.0.0.1', port, clientId: 1, maxReqPerSec: 1_000 })
  let frames = 0
  api.on(EventName.tickByTickBidAsk, () => {
    frames += 1
  })
  const ready = new Promise((resolve) => api.once(EventName.nextValidId, resolve))
  api.connect()
  await ready
  api.reqTickByTickData(1, { conId: MNQ }, TickByTickDataType.BidAsk, 0, false)
  await waitFor('frames', () => frames > 100_000)
  const [startedMs, before] = [performance.now(), frames]
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  const framesPerSecond = Math.round(((frames - before) / (performance.now() - startedMs)) * 1_000)
  api.disconnect()
  await server.terminate()
  return { framesPerSecond }
}

/** A market of so many ticks a second, recorded into both kinds of file. */
async function steady(): Promise<object> {
  const [seconds, rate] = [Number(values.seconds), Number(values.rate)]
  await using load = await Load.start(rate / TICKS_AT_RATE_1)
  await load.ticksAbove(1)
  const [startedMs, before] = [performance.now(), await load.heard()]
  let mostWaitingLines = 0
  let mostRssMb = 0
  while (performance.now() - startedMs < seconds * 1_000) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    mostWaitingLines = Math.max(mostWaitingLines, await load.waitingLines())
    mostRssMb = Math.max(mostRssMb, await load.rssMb())
  }
  const heardPerSecond = Math.round((((await load.heard()) - before) / (performance.now() - startedMs)) * 1_000)
  return { seconds, heardPerSecond, mostWaitingLines, mostRssMb, ...(await load.finish()) }
}

/** A quiet market, and 50,000 ticks within 100 ms on top of it. */
async function burst(): Promise<object> {
  await using load = await Load.start(1)
  await load.ticksAbove(50)
  const before = await load.heard()
  const startedMs = performance.now()
  await load.fault({ fault: 'burst', cid: MNQ, ticks: 50_000, overMs: 100 })
  await load.ticksAbove(before + 50_000)
  const heardMs = Math.round(performance.now() - startedMs)
  await waitFor('all is in the spool', async () => (await load.waitingLines()) < 100, 60_000)
  const spooledMs = Math.round(performance.now() - startedMs)
  return { burstTicks: 50_000, heardMs, spooledMs, mostRssMb: await load.rssMb(), ...(await load.finish()) }
}

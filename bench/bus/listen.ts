// A part of the bench: one that takes ticks. `core`: a plain subscriber, which also measures the time since `st`; `hub`: a live client as query-api has them;
// `drain`: the ordered reader of the log alone.
import { connectBus, openLogReader } from '@ib-stream/bus'
import { TICK_TYPES } from '@ib-stream/model'
import { openLiveHub } from '@ib-stream/tape'
import { goAhead, orderOf, sharedClockUs, tell } from './part.ts'
import { SUBJECTS } from './tape.ts'

interface Order {
  natsUrl: string
  ticks: number
  kind: 'core' | 'hub' | 'drain'
  epochUs?: number
}

const { natsUrl, ticks, kind, epochUs = 0 } = orderOf<Order>()
const NEWLINE = 10
const bus = await connectBus({ url: natsUrl, name: `bench-${kind}` })
const stop = new AbortController()
let taken = 0
let firstUs = 0
const done = Promise.withResolvers<void>()
const latenciesUs: number[] = []

const count = (lines: number) => {
  firstUs ||= sharedClockUs()
  taken += lines
  if (taken >= ticks) done.resolve()
}
const linesIn = (bytes: Uint8Array): number => {
  let lines = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1
  return lines
}

const listen = { core: listenToCore, hub: followHub, drain }
await listen[kind]()
const cpuBefore = process.cpuUsage()
await done.promise
const { user, system } = process.cpuUsage(cpuBefore)
latenciesUs.sort((a, b) => a - b)
const at = (share: number) => latenciesUs[Math.min(latenciesUs.length - 1, Math.floor(latenciesUs.length * share))]
tell({ tookUs: sharedClockUs() - firstUs, cpuUs: user + system, taken, p50Us: at(0.5), p99Us: at(0.99), p999Us: at(0.999) })
stop.abort(new Error('done'))
await bus.close()
process.exit(0)

async function listenToCore(): Promise<void> {
  bus.connection.subscribe('ticks.>', {
    callback: (_, message) => {
      const nowUs = epochUs + sharedClockUs()
      if (epochUs > 0) for (const [, st] of message.string().matchAll(/"st":(\d+)/g)) latenciesUs.push(nowUs - Number(st))
      count(linesIn(message.data))
    },
  })
  await bus.connection.flush()
  tell({ ready: true })
}

async function followHub(): Promise<void> {
  const hub = await openLiveHub({ bus, signal: stop.signal })
  const cids = [...new Set(SUBJECTS.map((subject) => Number(subject.split('.')[1])))]
  const live = await hub.subscribe({ cids, tts: TICK_TYPES, signal: stop.signal })
  tell({ ready: true })
  void (async () => {
    for await (const batch of live) count(batch.length)
  })()
}

async function drain(): Promise<void> {
  tell({ ready: true })
  await goAhead()
  void (async () => {
    for await (const batch of openLogReader({ bus, filter: 'ticks.>', fromSeq: 1, signal: stop.signal }).batches())
      for (const { payload } of batch) count(linesIn(payload))
  })()
}

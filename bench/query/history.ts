import { deepStrictEqual } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { isoFromUs, partitionOf, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { BACKENDS, findSegments, type OwnBackend } from '@ib-stream/storage'
import { cpuUs } from '../bus/part.ts'
import { assertSame, Digest } from '../storage/digest.ts'
import { elapsed, type Figure, figureOf, type Limits, secondsOf, timesAsFast } from '../storage/figure.ts'
import { bodyOf, digestOf, drain, firstByteMs } from './client.ts'
import { QueryGround } from './ground.ts'
import { ticksIn } from './read-answer.ts'
import { CID, HOUR, hourOfTicks, record } from './recorded.ts'
import type { Size } from './sections.ts'

/** As many as a busy future has in an hour of the open. */
const HOUR_TICKS = 400_000
const FIRST_BYTES = 200
/** The kernel counts CPU time in steps of 10 ms, so there have to be some answers. */
const CPU_TIMES = 4
const MUST: Limits = { atLeast: 400_000 }
/** A third of the hour, which begins and ends inside of it. */
const PART = { startUs: HOUR.startUs + US_PER_HOUR / 3, endUs: HOUR.startUs + (2 * US_PER_HOUR) / 3 }

interface Asked {
  name: string
  query: string
  /** The ticks that it must give. */
  fits(tick: TickMessage): boolean
  limits: Limits
}

const all = () => true
const isQuote = ({ tt }: TickMessage) => tt === 'bid_ask'
const inPart = ({ ts }: TickMessage) => ts >= PART.startUs && ts < PART.endUs
const BOTH = 'tick_types=bid_ask,last'
const QUOTES = 'tick_types=bid_ask'
/** More than are put together before the head is sent, so they come as a stream. */
const limitOf = (count: number) => Math.floor(count / 2)

const asked = (count: number): Asked[] => [
  { name: 'two types merged, ndjson', query: `${BOTH}&format=ndjson`, fits: all, limits: MUST },
  { name: 'two types merged, protobuf', query: `${BOTH}&format=protobuf`, fits: all, limits: MUST },
  { name: 'two types merged, csv', query: `${BOTH}&format=csv`, fits: all, limits: {} },
  { name: 'two types merged, json', query: `${BOTH}&format=json`, fits: all, limits: {} },
  { name: 'two types merged, arrow', query: `${BOTH}&format=arrow`, fits: all, limits: {} },
  {
    name: 'a third of the hour, ndjson',
    query: `${QUOTES}&format=ndjson&${rangeOf(PART)}`,
    fits: (tick) => isQuote(tick) && inPart(tick),
    limits: MUST,
  },
  {
    name: 'two types merged, the first half by limit, ndjson',
    query: `${BOTH}&format=ndjson&limit=${limitOf(count)}`,
    fits: all,
    limits: MUST,
  },
]

function rangeOf({ startUs, endUs }: { startUs: number; endUs: number }): string {
  return `start_time=${isoFromUs(startUs)}&end_time=${isoFromUs(endUs)}`
}

/** A closed hour over HTTP. */
export async function historyFigures({ scale, rounds }: Size): Promise<Figure[]> {
  const count = Math.round(HOUR_TICKS * scale)
  await using ground = await QueryGround.make()
  for (const backend of BACKENDS) await record(ground.dataDir, backend, hourOfTicks(count))
  await ground.startApi()
  const urlOf = (query: string) => `${ground.url}/v3/buffer/${CID}/query?${query}${query.includes('start_time') ? '' : `&${rangeOf(HOUR)}`}`
  const shapes = asked(count)
  const sizes = await verify(shapes, urlOf, count)
  const runs = Object.fromEntries(shapes.map(({ name, query }) => [name, () => elapsed(() => drain(urlOf(query)))]))
  const seconds = await secondsOf(runs, rounds)
  const speeds = shapes.map(({ name, limits }) =>
    figureOf(
      name,
      'ticks/s',
      (seconds.get(name) ?? []).map((each) => (sizes.get(name) ?? 0) / each),
      limits,
    ),
  )
  return [
    ...(await besideStatic(ground, 'json', `${urlOf(`${QUOTES}&format=ndjson`)}`, rounds)),
    ...(await besideStatic(ground, 'pb', `${urlOf(`${QUOTES}&format=protobuf`)}`, rounds)),
    ...speeds,
    ...(await firstBytes(urlOf)),
  ]
}

/** Holds every answer to the ticks of its question. @returns how many each has */
async function verify(shapes: readonly Asked[], urlOf: (query: string) => string, count: number): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  const ticks = [...hourOfTicks(count)]
  for (const { name, query, fits } of shapes) {
    const most = Number(/limit=(\d+)/.exec(query)?.[1] ?? count)
    const wanted = ticks.filter(fits).slice(0, most)
    const [, format = ''] = /format=(\w+)/.exec(query) ?? []
    assertSame(name, new Digest().ticks(ticksIn(format, await bodyOf(urlOf(query)))), wanted)
    sizes.set(name, wanted.length)
  }
  return sizes
}

/** The same bytes by query-api and by a static file server, one after the other. */
async function besideStatic(ground: QueryGround, backend: OwnBackend, url: string, rounds: number): Promise<Figure[]> {
  const hour = { cids: [CID], tts: ['bid_ask'] as const, ...HOUR }
  const [segment] = await findSegments(ground.dataDir, backend, hour)
  if (segment === undefined) throw new Error(`no file of partition ${partitionOf(CID)}`)
  const peer = spawn(process.execPath, [join(import.meta.dirname, 'static-server.ts'), ground.dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [port] = (await once(peer.stdout, 'data')) as [Buffer]
    const fileUrl = `http://127.0.0.1:${String(port).trim()}/${segment.path}`
    deepStrictEqual(await digestOf(url), await digestOf(fileUrl), 'the answer is not the file')
    const bytes = await drain(fileUrl)
    const names = { ours: `a closed hour, ${backend}`, file: `the same ${backend} by a static file server` }
    const seconds = await secondsOf(
      { [names.ours]: () => elapsed(() => drain(url)), [names.file]: () => elapsed(() => drain(fileUrl)) },
      2 * rounds,
    )
    const cpuOurs = await cpuOf(
      () => ground.apiCpuUs(),
      () => drain(url),
      rounds,
    )
    const cpuPeer = await cpuOf(
      () => cpuUs(peer.pid ?? 0),
      () => drain(fileUrl),
      rounds,
    )
    const rates = Object.values(names).map((name) =>
      figureOf(
        name,
        'MB/s',
        (seconds.get(name) ?? []).map((each) => bytes / 1e6 / each),
      ),
    )
    const cpu: Figure = { name: `${names.ours}: CPU of the static file server against query-api's`, value: cpuPeer / cpuOurs, unit: '×' }
    return [...rates, timesAsFast(seconds, names.ours, names.file, { atLeast: 0.5 }), cpu]
  } finally {
    peer.kill()
    await once(peer, 'exit')
  }
}

/** CPU time of a server over some answers, µs: less than the clock does it tell of what else the machine does. */
async function cpuOf(usedUs: () => Promise<number>, answer: () => Promise<unknown>, rounds: number): Promise<number> {
  const before = await usedUs()
  for (let n = 0; n < CPU_TIMES * rounds; n++) await answer()
  return (await usedUs()) - before
}

async function firstBytes(urlOf: (query: string) => string): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const [name, query] of [
    ['one type', QUOTES],
    ['two types merged', BOTH],
  ] as const) {
    const tookMs: number[] = []
    for (let i = 0; i < FIRST_BYTES; i++) tookMs.push(await firstByteMs(urlOf(`${query}&format=ndjson`)))
    figures.push(figureOf(`first byte of an hour, ${name}: p50`, 'ms', tookMs, { atMost: 15 }))
  }
  return figures
}

import { hash31, type TickMessage, US_PER_MS, US_PER_SECOND } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type FillPorts, fill } from '../../src/backfill/fill.ts'
import { type FillJob, fillJob, secondsOf } from '../../src/backfill/fill-job.ts'
import type { PageRequest } from '../../src/backfill/fill-walk.ts'
import type { Seconds } from '../../src/backfill/fill-window.ts'
import { PAGE_TICKS, type PastTick } from '../../src/backfill/history-page.ts'

const CID = 711280073
const RID = hash31(CID, 'last')
const START_SECOND = 1_753_880_400
const LENGTH_SECONDS = 120

/** A trade of the market, with the moments at which it happened and at which we would hear it. */
interface Trade {
  second: number
  price: number
  size: number
  stUs: number
}

interface World {
  trades: Trade[]
  /** Our time minus IB's, µs. */
  offsetUs: number
  /** Whether IB counts the second of an end to the page. */
  endIsIncluded: boolean
  /** Whether IB gives the rest of a page's outermost second. */
  completesSeconds: boolean
  /** A time without trading inside, seconds; IB gives no page across it. */
  closed: Seconds | undefined
  /** What IB answers where it is asked for a moment in it. */
  inClosed: 'nothing' | 'the session beside it'
}

class Killed extends Error {}

/** A recording as a list of lines, a market, and an IB that tells its past. */
class Recording {
  readonly world: World
  log: (TickMessage | { page: Seconds })[] = []
  /** Lines that may still be published before the next kill. */
  linesToKill = Number.POSITIVE_INFINITY
  asked = 0
  #stUs: number

  constructor(world: World, gaps: readonly { fromUs: number; toUs: number }[]) {
    this.world = world
    this.#stUs = (START_SECOND + 10 * LENGTH_SECONDS) * US_PER_SECOND + Math.max(0, world.offsetUs)
    for (const trade of world.trades)
      if (!gaps.some(({ fromUs, toUs }) => trade.stUs > fromUs && trade.stUs < toUs)) this.log.push(liveTick(trade))
  }

  get ticks(): TickMessage[] {
    return this.log.filter((line): line is TickMessage => 'tt' in line)
  }

  /** What the log says of pages; of one job at a time, as the others are at their end. */
  pagesSince(line: number): Seconds[] {
    return this.log.slice(line).flatMap((entry) => ('page' in entry ? [entry.page] : []))
  }

  ports(): FillPorts {
    return {
      page: async (_job, request) => this.#page(request),
      recorded: async ({ startUs, endUs }) => this.ticks.filter(({ ts }) => ts >= startUs && ts < endUs),
      publish: async (_job, page, ticks) => {
        for (const tick of ticks) this.#put({ ...tick, st: ++this.#stUs } as TickMessage)
        this.#put({ page })
      },
      offsetUs: () => 0,
      nowUs: () => this.#stUs,
    }
  }

  #put(line: TickMessage | { page: Seconds }): void {
    if (--this.linesToKill < 0) throw new Killed()
    this.log.push(line)
  }

  #page(request: PageRequest): PastTick[] {
    this.asked += 1
    const { trades, endIsIncluded, completesSeconds, closed, inClosed } = this.world
    const backward = 'endSecond' in request
    const anchor = backward ? request.endSecond - (endIsIncluded ? 0 : 1) : request.startSecond
    const inside = closed && anchor >= closed.fromSecond && anchor <= closed.toSecond
    if (inside && inClosed === 'nothing') return []
    const session = (second: number) => (closed && second > closed.toSecond ? 2 : 1)
    const of = inside ? (backward ? 1 : 2) : session(anchor)
    const wanted = trades.filter(({ second }) => session(second) === of && (backward ? second <= anchor : second >= anchor))
    return (backward ? lastPage(wanted, completesSeconds) : firstPage(wanted, completesSeconds)).map(pastTick)
  }
}

function lastPage(trades: readonly Trade[], whole: boolean): Trade[] {
  const cut = trades.slice(-PAGE_TICKS)
  return whole ? trades.filter(({ second }) => second >= (cut[0]?.second ?? 0)) : cut
}

function firstPage(trades: readonly Trade[], whole: boolean): Trade[] {
  const cut = trades.slice(0, PAGE_TICKS)
  return whole ? trades.filter(({ second }) => second <= (cut.at(-1)?.second ?? 0)) : cut
}

const core = { cid: CID, tt: 'last', rid: RID } as const
const pastTick = ({ second, price, size }: Trade): PastTick =>
  ({ ts: second * US_PER_SECOND, ...core, p: price, s: size, bf: true }) as PastTick
const liveTick = ({ second, price, size, stUs }: Trade): TickMessage => ({
  ts: second * US_PER_SECOND,
  st: stUs,
  ...core,
  p: price,
  s: size,
})

/** Prices from a few, so that seconds have equal trades. */
function marketOf(perSecond: readonly number[], offsetUs: number, closed: Seconds | undefined): Trade[] {
  let stUs = 0
  return perSecond.flatMap((count, i) => {
    const second = START_SECOND + i
    if (closed && second >= closed.fromSecond && second <= closed.toSecond) return []
    return Array.from({ length: count }, (_, k) => {
      const happenedUs = second * US_PER_SECOND + Math.floor((k * US_PER_SECOND) / count)
      stUs = Math.max(stUs + 1, happenedUs + offsetUs + ((i * 7 + k * 13) % 400) * US_PER_MS)
      return { second, price: 100 + ((k * 3 + i) % 4), size: 1 + (k % 3), stUs }
    })
  })
}

const keysOf = (ticks: readonly { second: number; price: number; size: number }[]) =>
  ticks.map(({ second, price, size }) => `${second} ${price} ${size}`).sort()
const recordedKeys = (ticks: readonly TickMessage[]) =>
  keysOf(
    ticks.map((tick) => ({
      second: tick.ts / US_PER_SECOND,
      price: 'p' in tick ? tick.p : 0,
      size: ('s' in tick ? tick.s : undefined) ?? 0,
    })),
  )

const NO_LIMITS = { notBeforeUs: Number.NEGATIVE_INFINITY, onPage: () => undefined }

/** Fills a gap as runs of ingest would that are killed again and again: each knows only what the log has. */
async function fillWithKills(recording: Recording, job: () => FillJob, kills: readonly number[]): Promise<void> {
  const begun = recording.log.length
  for (const lines of [...kills, Number.POSITIVE_INFINITY]) {
    recording.linesToKill = lines
    const resumed = { ...job(), done: recording.pagesSince(begun) }
    try {
      await fill([resumed], recording.ports(), NO_LIMITS)
      return
    } catch (error) {
      if (!(error instanceof Killed)) throw error
    }
  }
}

const world = fc
  .record({
    perSecond: fc.array(fc.oneof({ weight: 3, arbitrary: fc.nat(6) }, fc.nat(300)), {
      minLength: LENGTH_SECONDS,
      maxLength: LENGTH_SECONDS,
    }),
    offsetUs: fc.constantFrom(0, 37 * US_PER_SECOND, -20 * US_PER_SECOND, 300 * US_PER_MS),
    endIsIncluded: fc.boolean(),
    completesSeconds: fc.boolean(),
    closed: fc.option(fc.record({ from: fc.integer({ min: 20, max: 60 }), length: fc.integer({ min: 1, max: 40 }) }), { nil: undefined }),
    inClosed: fc.constantFrom('nothing' as const, 'the session beside it' as const),
  })
  .map(({ perSecond, closed: drawn, ...rest }): World => {
    const closed = drawn && { fromSecond: START_SECOND + drawn.from, toSecond: START_SECOND + drawn.from + drawn.length - 1 }
    return { ...rest, closed, trades: marketOf(perSecond, rest.offsetUs, closed) }
  })

/** Two gaps apart, by our clock. */
const cuts = fc.uniqueArray(fc.integer({ min: 2_000, max: LENGTH_SECONDS * 1_000 - 2_000 }), { minLength: 4, maxLength: 4 })

describe('filling a gap from the history of IB', () => {
  it('property: random gaps, killed at any line again and again, end with exactly the ticks of the market, none twice', async () => {
    await fc.assert(
      fc.asyncProperty(world, cuts, fc.array(fc.nat(1_500), { maxLength: 4 }), async (drawn, ms, kills) => {
        const [a = 0, b = 0, c = 0, d = 0] = [...ms].sort((x, y) => x - y)
        const at = (offsetMs: number) => START_SECOND * US_PER_SECOND + drawn.offsetUs + offsetMs * US_PER_MS
        const gaps = [
          { fromUs: at(a), toUs: at(b) },
          { fromUs: at(c), toUs: at(d) },
        ]
        // Without a tick on either side nothing would tell how the clocks differ.
        fc.pre(drawn.offsetUs === 0 || drawn.trades.some(({ stUs }) => stUs <= at(a)))
        const recording = new Recording(drawn, gaps)
        for (const gap of gaps) await fillWithKills(recording, () => fillJob({ cid: CID, tt: 'last', ...gap }), kills)
        expect(recordedKeys(recording.ticks)).toEqual(keysOf(drawn.trades))
      }),
      { numRuns: 80 },
    )
  }, 60_000)

  const busy: World = {
    trades: marketOf(Array<number>(LENGTH_SECONDS).fill(100), 0, undefined),
    offsetUs: 0,
    endIsIncluded: true,
    completesSeconds: true,
    closed: undefined,
    inClosed: 'nothing',
  }
  const from = (second: number) => (START_SECOND + second) * US_PER_SECOND

  it('does not ask again for pages that are in the log', async () => {
    const gap = { fromUs: from(20), toUs: from(80) }
    const recording = new Recording(busy, [gap])
    await fillWithKills(recording, () => fillJob({ cid: CID, tt: 'last', ...gap }), [3_500])
    const asked = recording.asked
    const whole = new Recording(busy, [gap])
    await fillWithKills(whole, () => fillJob({ cid: CID, tt: 'last', ...gap }), [])
    // the page that was under way, and the second at its seam
    expect([asked - whole.asked <= 2, whole.asked > 5]).toEqual([true, true])
    expect(recordedKeys(recording.ticks)).toEqual(keysOf(busy.trades))
  })

  it('fills a range that was asked for where nothing was recorded, and adds nothing the second time', async () => {
    const range = { fromUs: from(0), toUs: from(LENGTH_SECONDS) }
    const recording = new Recording(busy, [{ fromUs: 0, toUs: Number.POSITIVE_INFINITY }])
    const job = fillJob({ cid: CID, tt: 'last', ...range }, { asked: true })
    await fill([job], recording.ports(), NO_LIMITS)
    expect(recordedKeys(recording.ticks)).toEqual(keysOf(busy.trades))
    expect(secondsOf(range)).toEqual({ fromSecond: START_SECOND, toSecond: START_SECOND + LENGTH_SECONDS - 1 })
    const again = fillJob({ cid: CID, tt: 'last', ...range }, { asked: true })
    await fill([again], recording.ports(), NO_LIMITS)
    expect([job.ticks, again.ticks]).toEqual([busy.trades.length, 0])
  })

  it('fills last and all_last from the same pages, each where its own gap is', async () => {
    const [last, allLast] = [
      new Recording(busy, [{ fromUs: from(20), toUs: from(80) }]),
      new Recording(busy, [{ fromUs: from(25), toUs: from(78) }]),
    ]
    const jobs = [
      fillJob({ cid: CID, tt: 'last', fromUs: from(20), toUs: from(80) }),
      fillJob({ cid: CID, tt: 'all_last', fromUs: from(25), toUs: from(78) }),
    ]
    const of = (tt: string) => (tt === 'last' ? last : allLast)
    const ports = last.ports()
    await fill(
      jobs,
      {
        ...ports,
        recorded: async (range) => (await of(range.tt).ports().recorded(range)).map((tick) => ({ ...tick, tt: range.tt }) as TickMessage),
        publish: (job, page, ticks) => of(job.tt).ports().publish(job, page, ticks),
      },
      NO_LIMITS,
    )
    for (const recording of [last, allLast]) expect(recordedKeys(recording.ticks)).toEqual(keysOf(busy.trades))
    expect(new Set(allLast.ticks.filter(({ bf }) => bf).map(({ tt, rid }) => `${tt} ${rid}`))).toEqual(
      new Set([`all_last ${hash31(CID, 'all_last')}`]),
    )
    const alone = new Recording(busy, [{ fromUs: from(20), toUs: from(80) }])
    await fill([fillJob({ cid: CID, tt: 'last', fromUs: from(20), toUs: from(80) })], alone.ports(), NO_LIMITS)
    expect([last.asked - alone.asked <= 1, allLast.asked]).toEqual([true, 0])
  })

  it('regression: of a busy stream only the seconds around the gap are read, not minutes', async () => {
    const gap = { fromUs: from(20), toUs: from(80) }
    const recording = new Recording(busy, [gap])
    const ports = recording.ports()
    const outside: number[] = []
    const recorded: FillPorts['recorded'] = (range) => {
      outside.push(Math.max(0, gap.fromUs - range.startUs) + Math.max(0, range.endUs - gap.toUs))
      return ports.recorded(range)
    }
    await fill([fillJob({ cid: CID, tt: 'last', ...gap })], { ...ports, recorded }, NO_LIMITS)
    expect(Math.max(...outside)).toBeLessThanOrEqual(6 * US_PER_SECOND)
  })

  it('leaves out what is older than the limit', async () => {
    const gap = { fromUs: from(20), toUs: from(80) }
    const recording = new Recording(busy, [gap])
    await fill([fillJob({ cid: CID, tt: 'last', ...gap })], recording.ports(), { ...NO_LIMITS, notBeforeUs: from(60) })
    const filled = recording.ticks.filter(({ bf }) => bf).map(({ ts }) => ts)
    expect([Math.min(...filled), Math.max(...filled)]).toEqual([from(60), from(79)])
  })
})

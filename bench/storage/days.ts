import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { hash31, type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { decodeTickJson } from '@ib-stream/storage'

/** A recorded day; `rid` is filled in, as a recording has it. */
export async function realDay(path: string): Promise<TickMessage[]> {
  const bytes = await readFile(path)
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  const ticks = text.trimEnd().split('\n').map(decodeTickJson)
  return ticks.map((tick) => ({ ...tick, rid: hash31(tick.cid, tick.tt) }))
}

export interface ModelDay {
  cid: number
  /** Of the random numbers. */
  seed: number
  /** First stamp, µs UTC. */
  startUs: number
  /** Most time between two ticks, µs. */
  mostGapUs: number
}

const BUSY: ModelDay = { cid: 711280073, seed: 1, startUs: Date.UTC(2025, 6, 30, 13, 30) * 1_000, mostGapUs: 40_000 }

/** A day of a busy future: a random walk in quarters, three quotes to a trade, always the same one. */
export const modelDay = (count: number, about: Partial<ModelDay> = {}): TickMessage[] => [...modelTicks(count, about)]

/** The ticks of {@link modelDay}, one at a time. */
export function* modelTicks(count: number, about: Partial<ModelDay> = {}): Generator<TickMessage> {
  const { cid, seed, startUs, mostGapUs } = { ...BUSY, ...about }
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const rid = { bid_ask: hash31(cid, 'bid_ask'), last: hash31(cid, 'last') }
  let st = startUs
  let bid = 23_477.5
  for (let n = 0; n < count; n++) {
    st += 1 + Math.floor(random() * mostGapUs)
    bid += (Math.floor(random() * 3) - 1) / 4
    const core = { ts: Math.floor(st / US_PER_SECOND) * US_PER_SECOND, st, cid }
    if (n % 4 === 3) yield { ...core, tt: 'last', rid: rid.last, p: bid, s: 1 + Math.floor(random() * 5), ex: 'CME' }
    else {
      const [bs, as] = [Math.floor(random() * 20), Math.floor(random() * 20)]
      yield { ...core, tt: 'bid_ask', rid: rid.bid_ask, bp: bid, bs, ap: bid + 0.25, as }
    }
  }
}

const QUIET_CIDS = [8314, 265598, 756733, 76792991]
/** A busy contract has so many ticks to one of each quiet one. */
const BUSY_TO_QUIET = 20

/** The contracts of {@link modelMarket}; the first is the busy one. */
export const MARKET_CIDS = [BUSY.cid, ...QUIET_CIDS]

/** The busy future and four quiet contracts over the same hours, in no order but that of each contract. */
export function modelMarket(count: number): TickMessage[] {
  const quiet = QUIET_CIDS.flatMap((cid, n) =>
    modelDay(Math.floor(count / BUSY_TO_QUIET), { cid, seed: n + 2, mostGapUs: BUSY.mostGapUs * BUSY_TO_QUIET }),
  )
  return [...modelDay(count), ...quiet]
}

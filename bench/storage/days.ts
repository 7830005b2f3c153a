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

const CID = 711280073
const START_US = Date.UTC(2025, 6, 30, 13, 30) * 1_000

/** A day of a busy future: a random walk in quarters, three quotes to a trade, always the same one. */
export function modelDay(count: number): TickMessage[] {
  let state = 1
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const rid = { bid_ask: hash31(CID, 'bid_ask'), last: hash31(CID, 'last') }
  let st = START_US
  let bid = 23_477.5
  return Array.from({ length: count }, (_, n): TickMessage => {
    st += 1 + Math.floor(random() * 40_000)
    bid += (Math.floor(random() * 3) - 1) / 4
    const core = { ts: Math.floor(st / US_PER_SECOND) * US_PER_SECOND, st, cid: CID }
    if (n % 4 === 3) return { ...core, tt: 'last', rid: rid.last, p: bid, s: 1 + Math.floor(random() * 5), ex: 'CME' }
    return {
      ...core,
      tt: 'bid_ask',
      rid: rid.bid_ask,
      bp: bid,
      bs: Math.floor(random() * 20),
      ap: bid + 0.25,
      as: Math.floor(random() * 20),
    }
  })
}

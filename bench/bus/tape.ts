import type { LogLine } from '@ib-stream/bus'
import { hash31, type TickType } from '@ib-stream/model'

/** As on a busy day: twenty contracts, quotes four times as often as trades; up to 3,600,000 of them are in one hour. */
export const TAPE_CIDS: readonly number[] = [
  711280073,
  265598,
  8314,
  756733,
  ...Array.from({ length: 16 }, (_, i) => 4_000_000 + 7_919 * i),
]
const KINDS: readonly TickType[] = ['bid_ask', 'bid_ask', 'last', 'bid_ask', 'bid_ask']
const START_US = 1_753_880_400_000_000

export const SUBJECTS = TAPE_CIDS.flatMap((cid) => ['bid_ask', 'last'].map((tt) => `ticks.${cid}.${tt}`))

interface Pattern {
  subject: string
  /** The line after its `st`. */
  rest: string
}

/** What ticks differ by beside their stamps, made once so that a bench measures no formatting of prices. */
const patternsOf = (cids: readonly number[]): readonly Pattern[] =>
  Array.from({ length: cids.length * KINDS.length * 8 }, (_, i) => patternAt(i, cids[(i * 13) % cids.length] ?? 0))

function patternAt(i: number, cid: number): Pattern {
  const tt = KINDS[i % KINDS.length] ?? 'last'
  const price = 23_477.5 + ((i * 7) % 40) / 4
  const values =
    tt === 'last'
      ? `"p":${price},"s":${1 + (i % 9)},"ex":"GLOBEX"`
      : `"bp":${price},"bs":${1 + (i % 40)},"ap":${price + 0.25},"as":${1 + (i % 30)}`
  return { subject: `ticks.${cid}.${tt}`, rest: `,"cid":${cid},"tt":"${tt}","rid":${hash31(cid, tt)},${values}}` }
}

/**
 * Tick `i` of a tape of the first contracts, of about 130 bytes; `stUs` rises with it. The ticks lie inside one hour whatever their number.
 * @param contracts @default all
 */
export function tapeOf(contracts = TAPE_CIDS.length): (i: number, stUs: number) => LogLine {
  const patterns = patternsOf(TAPE_CIDS.slice(0, contracts))
  return (i, stUs) => {
    const { subject, rest } = patterns[i % patterns.length] ?? { subject: '', rest: '' }
    const second = START_US + (Math.floor(i / 1_000) % 3_600) * 1_000_000
    return { subject, line: `{"ts":${second},"st":${stUs}${rest}` }
  }
}

/** A millisecond from tick to tick: their hour does not end while they are written. */
export const tapeStUs = (i: number): number => START_US + 500_000 + i * 1_000

import { type BidAskTick, compareTicks, type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { momentOf } from '@ib-stream/tape'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CIDS, DAY_US, market } from '../../../../libs/tape/test/recording.ts'
import { quotesAtTrades } from '../../src/derived/quotes-at-trades.ts'

async function* inBatches(ticks: readonly TickMessage[], size: number): AsyncGenerator<readonly TickMessage[]> {
  for (let i = 0; i < ticks.length; i += size) yield ticks.slice(i, i + size)
}

const isQuote = (tick: TickMessage): tick is BidAskTick => tick.tt === 'bid_ask'

/** What anybody would do who had all the time in the world. */
function standing(ticks: readonly TickMessage[], trade: TickMessage, clock: 'st' | 'ts'): TickMessage | null {
  const quotes = ticks.filter(isQuote)
  if (clock === 'ts')
    return (
      quotes
        .filter(({ ts }) => ts <= trade.ts)
        .toSorted(compareTicks)
        .at(-1) ?? null
    )
  return (
    quotes
      .filter((quote) => momentOf(quote) < momentOf(trade))
      .toSorted((a, b) => momentOf(a) - momentOf(b))
      .at(-1) ?? null
  )
}

test('property: each trade once, with the quote that a naive search finds, whatever the batches and how late ticks come', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.nat(),
        size: fc.integer({ min: 1, max: 40 }),
        lateUs: fc.constantFrom(0, 1, 2, 20),
        clock: fc.constantFrom('st', 'ts'),
      }),
      async ({ seed, size, lateUs, clock }) => {
        const ticks = market(120, { seed, stepUs: 150_000, lateUs: lateUs * US_PER_SECOND }).filter(({ cid }) => cid === CIDS[0])
        const found = []
        for await (const batch of quotesAtTrades(inBatches(ticks.toSorted(compareTicks), size), { clock, first: undefined }))
          found.push(...batch)
        const trades = ticks.filter((tick) => !isQuote(tick))
        expect(found.map(({ trade }) => trade.st).toSorted()).toEqual(trades.map(({ st }) => st).toSorted())
        for (const { trade, quote } of found) expect([trade.st, quote]).toEqual([trade.st, standing(ticks, trade, clock)])
      },
    ),
    { numRuns: 60 },
  )
})

test('before the first quote of the range the one before it stands, and without any none', async () => {
  const trade: TickMessage = { ts: DAY_US, st: DAY_US + 1, cid: 1, tt: 'last', rid: 1, p: 1, s: 1 }
  const first: BidAskTick = {
    ts: DAY_US - 5 * US_PER_SECOND,
    st: DAY_US - 4 * US_PER_SECOND,
    cid: 1,
    tt: 'bid_ask',
    rid: 2,
    bp: 1,
    bs: 1,
    ap: 2,
    as: 1,
  }
  for (const clock of ['st', 'ts'] as const) {
    for (const known of [first, undefined]) {
      const found = await Array.fromAsync(quotesAtTrades(inBatches([trade], 1), { clock, first: known }))
      expect(found).toEqual([[{ trade, quote: known ?? null }]])
    }
  }
})

import { US_PER_SECOND } from '@ib-stream/model'
import { openClock } from '@ib-stream/service'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { BackfillDesk, type BackfillNote } from '../../src/backfill/backfill-desk.ts'
import type { HistorySession } from '../../src/backfill/history-pages.ts'

const HOUR_MS = 3_600_000
const SERVICE = 'Historical Market Data Service error message:'

describe('BackfillDesk', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  /** One gap, and an IB that refuses its history for so long. */
  const start = (refusal: { code: number; message: string }, forMs: number) => {
    const set = { byMs: 0 }
    const clock = openClock({ ports: { wallMs: () => Date.now() + set.byMs, monotonicMs: () => performance.now() } })
    const untilMs = performance.now() + forMs
    const ends: BackfillNote[] = []
    const session: HistorySession = {
      contractDetails: async () => [{ contract: { conId: 1 } }],
      historicalTicks: async () => {
        if (performance.now() < untilMs) throw Object.assign(new Error(refusal.message), { code: refusal.code })
        return ['98', '1', '0', '1']
      },
    }
    const desk = new BackfillDesk({
      clock,
      publisher: { add: () => undefined, full: false },
      session: () => session,
      epoch: () => 1,
      recorded: async () => [],
      offsetUs: () => 0,
      mostBackMs: 100 * HOUR_MS,
      asked: { add: () => undefined, ended: () => undefined },
      onInvalid: () => undefined,
      onFilled: () => undefined,
      onNote: (note) => note.state !== 'later' && ends.push(note),
    })
    const nowUs = clock.nowUs()
    desk.addGap({ cid: 1, tt: 'last', fromUs: nowUs - 60 * US_PER_SECOND, toUs: nowUs - US_PER_SECOND })
    const stop = new AbortController()
    const running = desk.run(stop.signal)
    const end = async () => {
      stop.abort()
      await jest.advanceTimersByTimeAsync(0)
      await running
      clock.close()
    }
    return { clock, set, ends, pass: (ms: number) => jest.advanceTimersByTimeAsync(ms), end }
  }

  it.each([
    ['a farm for history that is away for hours', 162, `${SERVICE}HMDS connection is broken`, 4],
    ['a session elsewhere that lasts a day', 162, `${SERVICE}Trading TWS session is connected from a different IP address`, 24],
    ['somebody who uses up the pacing all day', 162, `${SERVICE}Historical data request pacing violation`, 24],
  ])('regression: %s made holes unfillable after ten minutes', async (_, code, message, hours) => {
    const { ends, pass, end } = start({ code, message }, hours * HOUR_MS)
    await pass((hours - 0.1) * HOUR_MS)
    expect(ends).toEqual([])
    await pass(HOUR_MS)
    expect(ends).toMatchObject([{ state: 'filled' }])
    await end()
  })

  it.each([
    ['at once', 0, 1],
    ['too fast', 1, 3],
    ['again later', 1, 3],
  ] as const)(
    "regression: a system's clock that was set back held up what was asked %s, until it had caught up",
    async (how, refusedMinutes, minutes) => {
      const message = how === 'too fast' ? `${SERVICE}Historical data request pacing violation` : 'Error processing request'
      const { clock, set, ends, pass, end } = start({ code: how === 'too fast' ? 162 : 322, message }, refusedMinutes * 60_000)
      clock.stampUs()
      set.byMs = -HOUR_MS
      await pass(minutes * 60_000)
      expect(ends).toMatchObject([{ state: 'filled' }])
      await end()
    },
  )

  it('gives up what is refused for most of a day for no reason that anybody knows', async () => {
    const { ends, pass, end } = start({ code: 322, message: 'Error processing request' }, 1_000 * HOUR_MS)
    await pass(24 * HOUR_MS)
    expect(ends).toMatchObject([{ state: 'unavailable', reason: 'Error processing request' }])
    await end()
  })
})

import { describe, expect, it } from '@jest/globals'
import { keptPace, UsualPace } from '../../src/staleness/usual-pace.ts'

const MINUTE_MS = 60_000

/** Ticks every `everyMs` for so many minutes, from `fromMs` on. */
function play(pace: UsualPace, { everyMs, minutes, fromMs = 0 }: { everyMs: number; minutes: number; fromMs?: number }): number {
  let nowMs = fromMs
  for (; nowMs < fromMs + minutes * MINUTE_MS; nowMs += everyMs) pace.heard('open', everyMs, nowMs)
  return nowMs
}

describe('UsualPace', () => {
  it('gives a busy stream a minute, and a quiet one three times its longest silence', () => {
    const busy = new UsualPace()
    play(busy, { everyMs: 500, minutes: 30 })
    expect(busy.allowedMs('open')).toBe(MINUTE_MS)
    const quiet = new UsualPace()
    play(quiet, { everyMs: 4 * MINUTE_MS, minutes: 60 })
    expect(quiet.allowedMs('open')).toBe(12 * MINUTE_MS)
  })

  it('knows nothing of a new stream, so gives it five minutes, and half an hour outside the regular hours', () => {
    expect([new UsualPace().allowedMs('open'), new UsualPace().allowedMs('extended')]).toEqual([5 * MINUTE_MS, 30 * MINUTE_MS])
  })

  it('forgets a quiet time after an hour of a busy one, not before', () => {
    const pace = new UsualPace()
    const quietUntilMs = play(pace, { everyMs: 4 * MINUTE_MS, minutes: 60 })
    const halfAnHourMs = play(pace, { everyMs: 1_000, minutes: 30, fromMs: quietUntilMs })
    expect(pace.allowedMs('open')).toBe(12 * MINUTE_MS)
    play(pace, { everyMs: 1_000, minutes: 40, fromMs: halfAnHourMs })
    expect(pace.allowedMs('open')).toBe(MINUTE_MS)
  })

  it('goes on after a restart with what was kept', () => {
    const pace = new UsualPace()
    play(pace, { everyMs: 4 * MINUTE_MS, minutes: 60 })
    expect(new UsualPace(keptPace(JSON.parse(JSON.stringify(pace.kept)))).allowedMs('open')).toBe(12 * MINUTE_MS)
    expect([keptPace(7), keptPace({ open: 'x' })]).toEqual([undefined, { open: [], extended: [] }])
  })
})

import type { ClockHealth, RecordingHealth, StreamHealth } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { RECORDING_LIMITS, RecordingWatch } from '../src/recording-watch.ts'

const stream = (more: Partial<StreamHealth> = {}): StreamHealth => ({
  cid: 265598,
  tt: 'last',
  symbol: 'AAPL',
  tracked: true,
  health: 'healthy',
  subscription: 'subscribed',
  market: 'open',
  ticks: 5,
  ...more,
})
const clock = (state: ClockHealth['state']): ClockHealth => ({ state, offsetUs: 0, streams: [] })
const recording = (more: Partial<RecordingHealth> = {}): RecordingHealth => ({
  health: 'healthy',
  gateway: 'ready',
  clock: clock('agrees'),
  lines: { allowed: 5, granted: 1, waiting: 0 },
  streams: [stream()],
  troubles: [],
  ...more,
})
const GAP = { fromUs: 1, cause: 'disconnected', reason: 'the socket was closed' }

describe('RecordingWatch', () => {
  const firing = (watch: RecordingWatch, health: RecordingHealth | undefined, nowMs: number) =>
    watch.look(health, nowMs).flatMap(({ alert, firing }) => (firing === true ? [alert] : []))

  it.each([
    ['ingest_away', undefined, RECORDING_LIMITS.awayMs],
    ['publisher_stuck', recording({ publisher: { state: 'spool_failed', foreignMet: 0 } }), RECORDING_LIMITS.publisherMs],
    ['publisher_stuck', recording({ publisher: { state: 'spool_full', foreignMet: 0 } }), RECORDING_LIMITS.publisherMs],
    ['publisher_stuck', recording({ publisher: { state: 'spool_slow', foreignMet: 0 } }), RECORDING_LIMITS.publisherMs],
    ['publisher_stuck', recording({ publisher: { state: 'refused', foreignMet: 0 } }), RECORDING_LIMITS.publisherMs],
    ['gateway_down', recording({ gateway: 'restarting' }), RECORDING_LIMITS.gatewayMs],
    ['gap_open', recording({ streams: [stream({ gap: GAP, health: 'unhealthy' })] }), RECORDING_LIMITS.gapMs],
    ['stream_silent', recording({ streams: [stream({ health: 'unhealthy', reason: 'no tick' })] }), RECORDING_LIMITS.silentMs],
    ['clock_off', recording({ clock: clock('differs') }), RECORDING_LIMITS.clockMs],
  ] as const)('says %s once it has lasted, and not when it was over in between', (alert, bad, limitMs) => {
    const watch = new RecordingWatch()
    expect(firing(watch, bad, 0)).toEqual([])
    expect(firing(watch, bad, limitMs - 1)).toEqual([])
    expect(firing(watch, bad, limitMs)).toEqual([alert])
    expect(firing(watch, recording(), limitMs + 1)).toEqual([])
    expect(firing(watch, bad, limitMs + 2)).toEqual([])
    expect(firing(watch, bad, 2 * limitMs + 2)).toEqual([alert])
  })

  it('says for ten minutes that frames were no ticks, not of those of before it looked, and again after a restart of ingest', () => {
    const watch = new RecordingWatch()
    const after = (invalidFrames: number, nowMs: number) => firing(watch, recording({ invalidFrames }), nowMs)
    const { invalidMs } = RECORDING_LIMITS
    expect(after(7, 0)).toEqual([])
    expect(after(8, 10)).toEqual(['invalid_frames'])
    expect(after(8, invalidMs + 9)).toEqual(['invalid_frames'])
    expect(after(8, invalidMs + 10)).toEqual([])
    expect(after(0, invalidMs + 20)).toEqual([])
    expect(after(1, invalidMs + 30)).toEqual(['invalid_frames'])
  })

  it('says for ten minutes that somebody else publishes to the log, and what ends by itself never', () => {
    const watch = new RecordingWatch()
    const after = (state: string, foreignMet: number, nowMs: number) =>
      firing(watch, recording({ publisher: { state, foreignMet } }), nowMs)
    const { foreignMs } = RECORDING_LIMITS
    expect(after('sending', 3, 0)).toEqual([])
    expect(after('sending', 4, 10)).toEqual(['foreign_messages'])
    expect(after('connecting', 4, foreignMs + 9)).toEqual(['foreign_messages'])
    expect(after('log_full', 4, foreignMs + 10)).toEqual([])
    expect(after('log_full', 4, 9 * foreignMs)).toEqual([])
  })

  it('says nothing of a closed market, whatever is missing there', () => {
    const watch = new RecordingWatch()
    const shut = recording({ streams: [stream({ market: 'closed', gap: GAP }), stream({ market: 'closed', health: 'unhealthy' })] })
    expect(firing(watch, shut, 0)).toEqual([])
    expect(firing(watch, shut, 86_400_000)).toEqual([])
  })

  it('leaves the rest as it was while ingest does not answer', () => {
    const conditions = new RecordingWatch().look(undefined, 0)
    expect(conditions.map(({ alert, firing }) => [alert, firing])).toEqual([
      ['ingest_away', false],
      ['publisher_stuck', undefined],
      ['foreign_messages', undefined],
      ['gateway_down', undefined],
      ['gap_open', undefined],
      ['stream_silent', undefined],
      ['clock_off', undefined],
      ['invalid_frames', undefined],
    ])
  })

  it('says of what is over that it is over', () => {
    const watch = new RecordingWatch()
    watch.look(recording({ gateway: 'restarting', clock: clock('differs'), streams: [stream({ gap: GAP })] }), 0)
    for (const { summary } of watch.look(recording(), 1)) expect(summary).not.toMatch(/missing|nothing|apart/)
  })

  it('names the streams and why, a few of them where they are many', () => {
    const watch = new RecordingWatch()
    const many = recording({ streams: Array.from({ length: 8 }, () => stream({ gap: GAP })) })
    const gap = watch.look(many, 0).find(({ alert }) => alert === 'gap_open')
    expect(gap?.summary).toMatch(/AAPL last \(the socket was closed\).* and 3 more$/)
  })
})

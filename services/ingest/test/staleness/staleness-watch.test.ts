import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MarketStatus } from '@ib-stream/calendar'
import { hash31, type TickMessage, type TickType } from '@ib-stream/model'
import { openClock } from '@ib-stream/service'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { OpenGap } from '../../src/gaps/gap-tracker.ts'
import type { StreamStatus } from '../../src/recorder-options.ts'
import { StalenessWatch } from '../../src/staleness/staleness-watch.ts'
import { StateFile } from '../../src/state-file.ts'

const MINUTE_MS = 60_000
const START_MS = Date.parse('2026-11-24T15:00:00Z')

describe('StalenessWatch', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-stale-'))
    jest.useFakeTimers()
  })
  afterEach(async () => {
    jest.useRealTimers()
    await rm(folder, { recursive: true, force: true })
  })

  /** A recorder whose streams tick as the test says, in a market that it opens and closes. */
  const start = (streams: readonly (readonly [number, TickType])[] = [[1, 'bid_ask']]) => {
    const done: string[] = []
    const recorder = {
      state: 'ready',
      isHeld: false,
      openGaps: new Map<number, OpenGap>(),
      streams: streams.map(
        ([cid, tt]): StreamStatus => ({
          cid,
          tt,
          rid: hash31(cid, tt),
          symbol: `C${cid}`,
          tracked: true,
          state: 'subscribed',
          ticks: 0,
          lastStUs: undefined,
        }),
      ),
      restartStream: (rid: number) => void done.push(`restart ${rid === hash31(1, 'bid_ask') ? 'C1' : 'other'}`),
      resetConnection: () => void done.push('reset'),
      endSilence: () => void done.push('end silence'),
    }
    const world: { market: MarketStatus; setBackMs: number; stoppedMs: number } = { market: 'open', setBackMs: 0, stoppedMs: 0 }
    const passedMs = () => performance.now() + world.stoppedMs
    const clock = openClock({ ports: { wallMs: () => START_MS + passedMs() - world.setBackMs, monotonicMs: passedMs } })
    const watch = new StalenessWatch({
      clock,
      recorder,
      file: new StateFile(join(folder, 'paces.json')),
      marketOf: () => world.market,
      onRemedy: (_, remedy, reason) => remedy !== 'restart_stream' && remedy !== 'reset_connection' && done.push(`${remedy}: ${reason}`),
    })
    const tick = (i = 0, given: Partial<TickMessage> = {}) => {
      const stream = recorder.streams[i]
      if (!stream) return
      const st = clock.stampUs()
      Object.assign(stream, { ticks: stream.ticks + 1, lastStUs: st })
      watch.heard({ ts: st, st, cid: stream.cid, tt: stream.tt, rid: stream.rid, bp: 1, ...given } as TickMessage, clock.steadyUs())
    }
    /** Ticks of the first streams each so often, for so long. */
    const play = async (minutes: number, everyMs: number, indexes = [0]) => {
      for (let ms = 0; ms < minutes * MINUTE_MS; ms += everyMs) {
        await jest.advanceTimersByTimeAsync(everyMs)
        for (const i of indexes) tick(i)
      }
    }
    const pass = (minutes: number) => jest.advanceTimersByTimeAsync(minutes * MINUTE_MS)
    return { done, recorder, world, watch, tick, play, pass, word: () => watch.streams[0]?.health }
  }

  it('restarts a busy stream after a minute of silence, resets, alerts, goes on, and says when it is well again', async () => {
    const { done, play, pass, tick, word } = start()
    await play(10, 1_000)
    expect(word()).toBe('healthy')
    await pass(1.2)
    expect([done, word()]).toEqual([['restart C1'], 'degraded'])
    await pass(1)
    expect([done.slice(1), word()]).toEqual([['reset'], 'unhealthy'])
    await pass(60)
    expect(done.slice(2, 5)).toEqual([expect.stringContaining('alert: C1 bid_ask is silent for'), 'restart C1', 'reset'])
    expect(done.length).toBeGreaterThan(5)
    tick()
    await pass(0.1)
    expect([done.at(-1), word()]).toEqual(['resolved: ticks come again', 'healthy'])
  })

  it('learns from its first false alarms, and then leaves a quiet stream alone for three times its longest silence of late', async () => {
    const { done, play, pass } = start()
    await play(90, 6 * MINUTE_MS)
    expect(done.splice(0).length).toBeLessThanOrEqual(2)
    await pass(17)
    expect(done).toEqual([])
    await pass(2)
    expect(done).toEqual(['restart C1'])
  })

  it('regression: does not take the time in which this process was stopped for a silence of its streams', async () => {
    const { done, play, pass, world } = start()
    await play(10, 1_000)
    world.stoppedMs = 10 * MINUTE_MS // and not one timer in between
    await pass(0.5)
    expect(done).toEqual([])
    await pass(1)
    expect(done).toEqual(['restart C1'])
  })

  it("regression: noticed no silent stream for as long as the system's clock had been set back", async () => {
    const { done, play, pass, world } = start([
      [1, 'bid_ask'],
      [2, 'bid_ask'],
    ])
    await play(10, 1_000, [0, 1])
    world.setBackMs = 60 * MINUTE_MS
    await play(10, 1_000, [0, 1])
    await pass(1.2)
    expect(done.toSorted()).toEqual(['restart C1', 'restart other'])
    await pass(1.2)
    expect(done).toContain('reset')
  })

  it('does nothing at night, over a weekend, or while nobody knows the hours', async () => {
    const { done, play, pass, world, word } = start()
    await play(10, 1_000)
    for (const market of ['closed', 'unknown'] as const) {
      world.market = market
      await pass(48 * 60)
      expect([done, word()]).toEqual([[], market === 'closed' ? 'off_hours' : 'unknown'])
    }
  })

  it('counts the silence of a new session from its beginning', async () => {
    const { done, play, pass, world } = start()
    await play(10, 1_000)
    world.market = 'closed'
    await pass(600)
    world.market = 'open'
    await pass(0.9)
    expect(done).toEqual([])
    await pass(0.5)
    expect(done).toEqual(['restart C1'])
  })

  it('counts no silence while the gateway is not read', async () => {
    const { done, recorder, play, pass, tick } = start()
    await play(10, 1_000)
    recorder.isHeld = true
    await pass(30)
    recorder.isHeld = false
    await pass(0.9)
    expect(done).toEqual([])
    tick()
    await play(1, 1_000)
    await pass(1.2) // the silence was none of its own, so a minute is long as before
    expect(done).toEqual(['restart C1'])
  })

  it('takes the market’s close as the end of a silence, and of its alert', async () => {
    const { done, play, pass, world, word } = start()
    await play(10, 1_000)
    await pass(4)
    world.market = 'closed'
    await pass(0.1)
    expect(done.slice(-2)).toEqual(['resolved: its market is closed', 'end silence'])
    expect(word()).toBe('off_hours')
  })

  it('resets a connection on which others flow only once for the sake of one', async () => {
    const { done, play } = start([
      [1, 'bid_ask'],
      [2, 'bid_ask'],
    ])
    await play(10, 1_000, [0, 1])
    await play(120, 1_000, [1])
    expect(done.filter((one) => one === 'reset')).toHaveLength(1)
    expect(done.filter((one) => one === 'restart C1').length).toBeGreaterThan(3)
    expect(done).not.toContain('restart other')
  })

  it('waits while the contract is halted, and not after', async () => {
    const { done, play, pass, tick } = start([
      [1, 'bid_ask'],
      [1, 'last'],
    ])
    const halt = { p: 0, s: 0, pl: true } as Partial<TickMessage>
    await play(10, 1_000, [0, 1])
    tick(1, halt)
    await pass(30)
    expect(done).toEqual([])
    tick(1, halt) // trading goes on
    await pass(1.2)
    expect(done).toHaveLength(2)
  })

  it('goes on after a restart with what streams are like', async () => {
    const first = start()
    await first.play(90, 6 * MINUTE_MS)
    first.watch.close()
    const second = start()
    await second.pass(17)
    expect(second.done).toEqual([])
    await second.pass(2)
    expect(second.done).toEqual(['restart C1'])
  })
})

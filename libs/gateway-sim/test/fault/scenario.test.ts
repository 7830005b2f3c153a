import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { type Clock, openClock, usOfDate } from '../../src/clock.ts'
import { playScenario, readScenario } from '../../src/fault/scenario.ts'
import { startGatewaySim } from '../../src/index.ts'
import { RawClient } from '../client/raw-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-sim-scenario-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: unknown): string {
  const path = join(folder, `${name}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

describe('readScenario', () => {
  it.each([
    ['no JSON', '[{', /JSON/],
    ['no list', { after: 1 }, /not a JSON array of steps/],
    ['a step that is none', [7], /step 1: not an object/],
    ['no fault', [{ after: 1 }], /step 1: fault is missing/],
    ['no time', [{ fault: 'mute' }], /step 1: exactly one of after, at and daily/],
    ['two times', [{ fault: 'mute', after: 1, at: '2026-11-25T23:45:00Z' }], /step 1: exactly one of after, at and daily/],
    ['a time before the start', [{ fault: 'mute', after: -1 }], /step 1: after must be a number of seconds, not -1/],
    ['a moment that is none', [{ fault: 'mute', at: 'noon' }], /step 1: at must be a time like .*, not "noon"/],
    ['another weekday', [{ fault: 'mute', daily: 'Sab 23:00 US/Eastern' }], /step 1: daily must be like .*, not "Sab 23:00 US\/Eastern"/],
    ['an hour that is none', [{ fault: 'mute', daily: '24:00 UTC' }], /step 1: daily must be like .*, not "24:00 UTC"/],
    ['another zone', [{ fault: 'mute', daily: '23:00 Mars/Base' }], /step 1: daily must be like/],
    ['another fault', [{ fault: 'earthquake', after: 1 }], /step 1: .*earthquake/],
    ['another setting', [{ fault: 'mute', after: 1, lenght: 3 }], /step 1: .*lenght/],
  ])('refuses %s, and says where and what it should be', (name, content, why) => {
    const path = file(name, content)
    expect(() => readScenario(path)).toThrow(why)
    expect(() => readScenario(path)).toThrow(path)
  })

  it('tells every wrong step at once', () => {
    expect(() => readScenario(file('many', [{ fault: 'mute' }, { after: 1, fault: 'mute' }, { after: 1 }]))).toThrow(/step 1: .*; step 3: /)
  })
})

describe('a scenario that a gateway cannot play', () => {
  const replay = file('recording', { ts: 1_753_884_000_000_000, st: 1_753_884_000_000_001, cid: 8314, tt: 'mid_point', rid: 0, mp: 10 })
  it.each([
    ['a halt in a recording', { replay }, { after: 0, fault: 'halt', cid: 8314 }, /halt: a recording has neither halts nor bursts/],
    ['an unknown contract', {}, { after: 0, fault: 'halt', cid: 42 }, /halt: there is no contract 42/],
    ['an unknown contract of many faults', {}, { after: 0, fault: 'deny', cid: 42 }, /deny: there is no contract 42/],
  ])('is refused before it starts: %s', async (_, options, step, why) => {
    const start = startGatewaySim({ port: 0, ...options, scenario: file('unplayable', [step]) })
    await expect(start).rejects.toMatchObject({ code: 'IBS_SIM_SCENARIO_INVALID', message: expect.stringMatching(why) })
  })
})

describe('playScenario', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  /** A clock on the faked timers that runs 60 times as fast. */
  const clockFrom = (iso: string): Clock => {
    const machine = { wallUs: () => Date.now() * 1_000, steadyUs: () => performance.now() * 1_000, rate: 1 }
    return openClock({ startUs: usOfDate(new Date(iso)), originUs: machine.wallUs() }, 60, machine)
  }

  it('orders each fault when its time comes: some seconds after the start, at a moment, each day or each week in the zone that is named', () => {
    const scenario = readScenario(
      file('week', [
        { after: 90, fault: 'cut', how: 'rst' },
        { at: '2026-11-26T00:00:00Z', fault: 'connectivity', end: '1101' },
        { at: '2020-01-01T00:00:00Z', fault: 'mute' },
        { daily: '23:45 US/Eastern', fault: 'restart' },
        { daily: 'Sat 23:00 US/Eastern', fault: 'logoff', seconds: 3600 },
      ]),
    )
    const clock = clockFrom('2026-11-25T23:00:00Z') // a Wednesday, 18:00 in New York
    const done: string[] = []
    const stop = playScenario(scenario, clock, ({ fault }) =>
      done.push(`${new Date(clock.wallUs() / 1_000).toISOString().slice(0, 16)} ${fault}`),
    )
    jest.advanceTimersByTime((4 * 86_400_000) / 60)
    expect(done).toEqual([
      '2026-11-25T23:01 cut',
      '2026-11-26T00:00 connectivity',
      '2026-11-26T04:45 restart',
      '2026-11-27T04:45 restart',
      '2026-11-28T04:45 restart',
      '2026-11-29T04:00 logoff',
      '2026-11-29T04:45 restart',
    ])
    stop()
    jest.advanceTimersByTime((7 * 86_400_000) / 60)
    expect(done).toHaveLength(7)
  })
})

it('a simulator plays the scenario that it is given', async () => {
  const scenario = file('notice', [{ after: 0.2, fault: 'notice', code: 2110, text: 'broken' }])
  await using sim = await startGatewaySim({ port: 0, scenario })
  using client = await RawClient.started(sim.port, 1)
  await client.until(() => client.frames().some(([id, , , code]) => id === '4' && code === '2110'), 'the notice')
})

import { usFromMs } from '@ib-stream/model'
import { type Clock, openClock } from '@ib-stream/service'
import { expect, it, jest } from '@jest/globals'
import { Heartbeat } from '../../src/connection/heartbeat.ts'

/** A clock that goes where the test takes it; its one timer is the heartbeat's. */
class Time {
  nowMs = 0
  #everyMs = 0
  #work: () => void = () => undefined
  readonly clock = {
    steadyUs: () => usFromMs(this.nowMs),
    every: (ms: number, work: () => void) => {
      this.#everyMs = ms
      this.#work = work
      return { cancel: () => undefined }
    },
  } as unknown as Clock

  /** The timer comes in its time, or so much later. */
  beat(lateMs = 0): void {
    this.nowMs += this.#everyMs + lateMs
    this.#work()
  }
}

function heartbeat() {
  const time = new Time()
  const said: string[] = []
  const beat = new Heartbeat(time.clock, {
    ask: () => said.push('ask'),
    silent: (ms) => said.push(`silent ${ms}`),
    overdue: (ms) => said.push(`overdue ${ms}`),
  })
  return { time, beat, said }
}

it('asks every five seconds, calls a gateway silent after ten without a word, and dead after twenty', () => {
  const { time, said } = heartbeat()
  for (let i = 0; i < 4; i++) time.beat()
  expect(said).toEqual(['ask', 'silent 10000', 'ask', 'silent 15000', 'ask', 'overdue 20000'])
})

it('any word ends the silence', () => {
  const { time, beat, said } = heartbeat()
  time.beat()
  for (let i = 0; i < 5; i++) {
    beat.heard()
    time.beat()
  }
  expect(new Set(said)).toEqual(new Set(['ask']))
})

it('regression: a process that was stopped for a minute does not call the gateway dead before it has listened again', () => {
  const { time, beat, said } = heartbeat()
  time.beat(60_000)
  beat.heard() // what waited in the socket
  time.beat()
  expect(said).toEqual(['ask', 'ask'])
  for (let i = 0; i < 4; i++) time.beat()
  expect(said.at(-1)).toBe('overdue 20000')
})

it("regression: a gateway that fell mute was not noticed for as long as the system's clock had been set back", () => {
  jest.useFakeTimers()
  const setBackMs = { by: 0 }
  const clock = openClock({ ports: { wallMs: () => Date.now() - setBackMs.by, monotonicMs: () => performance.now() } })
  const said: string[] = []
  const beat = new Heartbeat(clock, { ask: () => undefined, silent: () => said.push('silent'), overdue: () => said.push('overdue') })
  clock.stampUs() // a tick: no later stamp is below it
  setBackMs.by = 3_600_000
  jest.advanceTimersByTime(20_000)
  expect(said).toEqual(['silent', 'silent', 'overdue'])
  beat.stop()
  clock.close()
  jest.useRealTimers()
})

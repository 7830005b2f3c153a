import { openClock } from '@ib-stream/service'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { RequestPacer } from '../../src/connection/request-pacer.ts'

describe('RequestPacer', () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  const start = () => new RequestPacer(openClock({ ports: { wallMs: () => Date.now(), monotonicMs: () => performance.now() } }))

  it('sends what comes in order and never more than 40 in any second', () => {
    const pacer = start()
    const sentMs: number[] = []
    const order: number[] = []
    for (let i = 0; i < 200; i++)
      pacer.send(() => {
        sentMs.push(performance.now())
        order.push(i)
      })
    expect(order.length).toBe(40)
    jest.advanceTimersByTime(10_000)
    expect(order).toEqual(Array.from({ length: 200 }, (_, i) => i))
    const later = sentMs.slice(40)
    for (const [i, ms] of later.entries()) expect(later.filter((other, j) => j >= i && other < ms + 1_000).length).toBeLessThanOrEqual(41)
  })

  it('sends nothing more once it is closed', () => {
    const pacer = start()
    let sent = 0
    for (let i = 0; i < 50; i++) pacer.send(() => (sent += 1))
    pacer.close()
    pacer.send(() => (sent += 1))
    jest.advanceTimersByTime(10_000)
    expect([sent, pacer.waiting]).toEqual([40, 0])
  })

  it("regression: sent nothing more after its first forty for as long as the system's clock had been set back", () => {
    let setBackMs = 0
    const clock = openClock({ ports: { wallMs: () => Date.now() - setBackMs, monotonicMs: () => performance.now() } })
    const pacer = new RequestPacer(clock)
    clock.stampUs()
    setBackMs = 3_600_000
    jest.advanceTimersByTime(1_000)
    let sent = 0
    for (let i = 0; i < 100; i++) pacer.send(() => (sent += 1))
    jest.advanceTimersByTime(5_000)
    expect(sent).toBe(100)
    clock.close()
  })
})

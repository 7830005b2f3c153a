import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openClock } from '@ib-stream/service'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { StateFile } from '../../src/state-file.ts'
import { RequestGuard } from '../../src/subscriptions/request-guard.ts'

describe('RequestGuard', () => {
  let folder = ''
  let setBackMs = 0
  const ports = { wallMs: () => Date.now() - setBackMs, monotonicMs: () => performance.now() }
  let clock = openClock({ ports })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-guard-'))
    jest.useFakeTimers()
    setBackMs = 0
    clock = openClock({ ports })
  })
  afterEach(async () => {
    clock.close()
    jest.useRealTimers()
    await rm(folder, { recursive: true, force: true })
  })
  const open = () => new RequestGuard(new StateFile(join(folder, 'state/requests.json')), 16_000, clock)
  const pass = (s: number) => jest.advanceTimersByTime(s * 1_000)

  it('holds a stream back for 16 s after it was asked for, over a restart too', () => {
    const before = open()
    before.asked(7)
    pass(1)
    expect([before.waitMs(7), before.waitMs(8)]).toEqual([15_000, 0])
    pass(9)
    const after = open()
    expect(after.waitMs(7)).toBe(6_000)
    pass(6)
    expect(after.waitMs(7)).toBe(0)
    expect(open().waitMs(7)).toBe(0)
  })

  it('regression: held a stream back for as long as the clock had been set back, in place of 16 s', () => {
    clock.stampUs() // a tick: time never goes back behind it
    setBackMs = 3_600_000
    pass(2)
    const guard = open()
    guard.asked(7)
    pass(10)
    expect(guard.waitMs(7)).toBe(6_000)
    pass(6)
    expect(guard.waitMs(7)).toBe(0)
  })

  it('is not held up by a file that is none, nor by one of the future', async () => {
    open().asked(7)
    setBackMs = 3_600_000
    clock.close()
    clock = openClock({ ports })
    expect(open().waitMs(7)).toBe(0)
    await writeFile(join(folder, 'state/requests.json'), '[[1,"x"],{"half')
    expect(open().waitMs(7)).toBe(0)
  })
})

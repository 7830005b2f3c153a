import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openClock } from '@ib-stream/service'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { StateFile } from '../../src/state-file.ts'
import { Leases } from '../../src/subscriptions/leases.ts'

const A = { cid: 1, tt: 'last' } as const
const B = { cid: 2, tt: 'last' } as const

describe('Leases', () => {
  let folder = ''
  let setMs = 0
  const ports = { wallMs: () => Date.now() + setMs, monotonicMs: () => performance.now() }
  let clock = openClock({ ports })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-leases-'))
    jest.useFakeTimers()
    setMs = 0
    clock = openClock({ ports })
  })
  afterEach(async () => {
    clock.close()
    jest.useRealTimers()
    await rm(folder, { recursive: true, force: true })
  })
  const open = () => {
    const told: number[][] = []
    const onChange = () => void told.push(leases.streams.map(({ cid }) => cid))
    const leases = new Leases({ clock, file: new StateFile(join(folder, 'leases.json')), onChange })
    return { leases, told }
  }
  const pass = (s: number) => jest.advanceTimersByTime(s * 1_000)

  it.each([
    ['forward', 60_000],
    ['back', -3_600_000],
  ])("regression: a system's clock that was set %s ended leases before their time, or kept them beyond it", (_, byMs) => {
    const { leases, told } = open()
    for (const stream of [A, B]) leases.renew(stream, 'somebody')
    clock.stampUs()
    expect(told.splice(0)).toEqual([[1], [1, 2]])
    pass(5)
    setMs = byMs
    pass(5)
    leases.renew(A, 'somebody')
    pass(19)
    expect(told).toEqual([])
    pass(2)
    expect(told).toEqual([[1]])
    pass(10)
    expect(told).toEqual([[1], []])
    leases.close()
  })

  it('go on after a restart, to the end that they had', () => {
    open().leases.renew(A, 'somebody')
    pass(20)
    const { leases, told } = open()
    expect(leases.streams.map(({ cid }) => cid)).toEqual([1])
    pass(9)
    expect(told).toEqual([])
    pass(2)
    expect(told).toEqual([[]])
    leases.close()
  })
})

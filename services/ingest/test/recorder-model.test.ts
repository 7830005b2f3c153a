import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { happen, mishaps } from './model/faults.ts'
import { brokenPromises } from './model/judge.ts'
import { World } from './model/world.ts'

describe('Recorder, in a world where all goes wrong', () => {
  beforeEach(() => void jest.useFakeTimers({ now: Date.parse('2026-11-24T15:00:00Z') }))
  afterEach(() => {
    jest.restoreAllMocks()
    jest.useRealTimers()
  })

  it('declares all that it misses, has nothing twice, and is whole again once all is well', async () => {
    await fc.assert(
      fc.asyncProperty(mishaps(), async (list) => {
        jest.spyOn(Math, 'random').mockReturnValue(0.5) // of the waits between attempts: a seed gives the same run each time
        const world = new World()
        await world.begin()
        for (const mishap of list) {
          await world.pass(mishap.afterMs)
          await happen(world, mishap)
        }
        await world.end()
        jest.clearAllTimers()
        expect([...world.failures, ...brokenPromises(world.disk, world.gateway.ticks)].slice(0, 5)).toEqual([])
      }),
      { numRuns: 150 },
    )
  })
})

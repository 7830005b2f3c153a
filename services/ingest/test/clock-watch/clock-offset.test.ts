import { US_PER_SECOND } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ClockOffset } from '../../src/clock-watch/clock-offset.ts'

const START_US = 1_753_884_000_000_000

/** What IB answers to a question of ours at a moment of its own clock. */
const answer = (ibUs: number, offsetUs: number, tripUs: number) => ({
  askedUs: ibUs + offsetUs,
  heardUs: ibUs + offsetUs + tripUs,
  ibSeconds: Math.floor((ibUs + tripUs / 2) / US_PER_SECOND),
})

it('property: the true offset lies within the bounds, which are narrow after some answers in different parts of the second', () => {
  const trips = fc.array(fc.integer({ min: 1_000, max: 300_000 }), { minLength: 12, maxLength: 30 })
  fc.assert(
    fc.property(
      fc.integer({ min: -60_000_000, max: 60_000_000 }),
      trips,
      fc.integer({ min: 0, max: 999_999 }),
      (offsetUs, tripsUs, phaseUs) => {
        const clock = new ClockOffset()
        tripsUs.forEach((tripUs, i) => {
          const { lowUs, highUs } = clock.take(answer(START_US + phaseUs + i * 5_083_333, offsetUs, tripUs))
          expect([lowUs <= offsetUs, offsetUs <= highUs]).toEqual([true, true])
        })
        const { lowUs, highUs } = clock.bounds ?? { lowUs: 0, highUs: Number.POSITIVE_INFINITY }
        expect(highUs - lowUs).toBeLessThan(600_000)
      },
    ),
  )
})

it('counts only what came since when an answer contradicts those before', () => {
  const clock = new ClockOffset()
  for (let i = 0; i < 5; i++) clock.take(answer(START_US + i * 5_083_333, 0, 1_000))
  const stepped = clock.take(answer(START_US + 30 * US_PER_SECOND, 37 * US_PER_SECOND, 1_000))
  expect([stepped.lowUs > 35 * US_PER_SECOND, stepped.highUs < 39 * US_PER_SECOND]).toEqual([true, true])
})

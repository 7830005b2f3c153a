import { expect, it } from '@jest/globals'
import { prepareStudy, pushAll, type VolumeProfileOutput } from '../src/index.ts'
import { levelOf, MOST_LEVELS } from '../src/volume-profile.ts'
import { quote, trade } from './ticks.ts'

const profile = (parameters: Record<string, unknown>) => prepareStudy('volume_profile', parameters).create()
const last = (study: ReturnType<typeof profile>) => study.snapshot() as VolumeProfileOutput

it('signs volume at each level by its aggressor', () => {
  const study = profile({ bin: 0.5 })
  pushAll(study, [quote(0, 10, 11), trade(1, 11, 3), trade(2, 10, 2), trade(3, 10.6, 4), trade(4, 11.2, 1)])
  expect(last(study)).toMatchObject({
    total_volume: 10,
    trade_count: 4,
    point_of_control: 10.5,
    levels: [
      { price: 10, volume: 2, buy_volume: 0, sell_volume: 2, trade_count: 1 },
      { price: 10.5, volume: 4, buy_volume: 0, sell_volume: 0, trade_count: 1 },
      { price: 11, volume: 4, buy_volume: 4, sell_volume: 0, trade_count: 2 },
    ],
  })
})

it.each([
  [180.290_000_000_000_02, 0.01, 180.29],
  [180.294, 0.01, 180.29],
  [180.295_1, 0.01, 180.3],
  [4_501.37, 0.25, 4_501.25],
  [4_501.38, 0.25, 4_501.5],
  [-37.63, 0.05, -37.65],
  [17, 5, 15],
  [18, 5, 20],
  [1.234_567, 0, 1.234_567],
])('%d in levels of %d belongs to %d', (price, bin, level) => expect(levelOf(price, bin)).toBe(level))

it('refuses a trade that would need a level beyond the most, keeps what it has, and counts on at the levels that there are', () => {
  const study = profile({ session: 'none', every_seconds: 604_800 })
  for (let i = 1; i <= MOST_LEVELS; i++) study.push(trade(0, i / 100, 1))
  expect(() => study.push(trade(0, 0.005, 1))).toThrow(
    expect.objectContaining({
      code: 'IBS_STUDIES_LEVELS_EXCEEDED',
      message: expect.stringContaining('ask with a bin wider than 0, with sessions, or for a shorter range'),
      facts: expect.objectContaining({ price: 0.005, bin: 0, most: MOST_LEVELS }),
    }),
  )
  study.push(trade(0, 1, 7))
  const { levels, total_volume, point_of_control } = last(study)
  expect([levels.length, total_volume, point_of_control]).toEqual([MOST_LEVELS, MOST_LEVELS + 7, 1])
})

it('with a bin the same prices need few levels', () => {
  const study = profile({ session: 'none', every_seconds: 604_800, bin: 1 })
  for (let i = 0; i <= MOST_LEVELS; i++) study.push(trade(0, 1 + i / 100, 1))
  expect(last(study).levels).toHaveLength(1_001)
})

import { describe, expect, it } from '@jest/globals'
import { checkTimeZones, judgeSpace, judgeSpeed, judgeTimeZones } from '../../src/doctor/check-machine.ts'

describe('the disk', () => {
  it.each([
    ['much is free', { totalBytes: 1e12, freeBytes: 5e11 }, 'ok'],
    ['little of a small disk is, but a good share', { totalBytes: 2e10, freeBytes: 4e9 }, 'ok'],
    ['next to nothing is', { totalBytes: 1e12, freeBytes: 4e9 }, 'warn'],
  ])('%s', (_name, space, state) => {
    expect(judgeSpace(space)).toMatchObject({ about: 'disk space', state, found: expect.stringContaining(' free') })
  })

  it('says what to do where room is short', () => {
    expect(judgeSpace({ totalBytes: 1e12, freeBytes: 1e9 }).remedy).toContain('IB_STREAM_RETENTION')
  })

  it('is judged by what a durable write mostly takes, not by the worst one', () => {
    expect(judgeSpeed([1, 1, 2, 900])).toEqual({
      about: 'disk speed',
      state: 'ok',
      found: 'a durable write takes 2.0 ms (at worst 900.0 ms)',
    })
    expect(judgeSpeed([60, 50, 40])).toMatchObject({
      state: 'warn',
      found: expect.stringContaining('50.0 ms'),
      remedy: expect.stringContaining('SSD'),
    })
  })
})

describe('the data of time zones', () => {
  it('is there with this Node', () => {
    expect(checkTimeZones()).toMatchObject({ about: 'time zones', state: 'ok' })
  })

  it.each([
    ['has no zones and says UTC', [0, 0]],
    ['knows no summer time', [-5, -5]],
  ])('fails where an engine %s, and says what to do', (_name, offsets) => {
    expect(judgeTimeZones(offsets)).toEqual({
      about: 'time zones',
      state: 'fail',
      found: `New York is ${offsets[0]} and ${offsets[1]} h from UTC`,
      remedy: expect.stringContaining('npm start'),
    })
  })
})

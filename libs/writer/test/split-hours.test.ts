import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { splitHours } from '../src/split-hours.ts'

const HOUR_US = 3_600_000_000
const BASE_US = 1_753_833_600_000_000
const subject = { cid: 265598, tt: 'last' }
const line = (ts: number, st: number, more = {}) => JSON.stringify({ ts, st, cid: 265598, tt: 'last', rid: 1, p: 2, ...more })
const bytes = (...lines: string[]) => Buffer.from(`${lines.join('\n')}\n`)

describe('splitHours', () => {
  it('property: every line comes out once, byte for byte, in its hour, in its order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3 * HOUR_US }), { minLength: 1, maxLength: 50 }), (offsets) => {
        const lines = offsets.map((offset, i) => line(BASE_US + offset, BASE_US + 4 * HOUR_US + i))
        const { hours, poison, newestStUs } = splitHours(bytes(...lines), subject)
        expect(poison).toEqual([])
        expect(newestStUs).toBe(BASE_US + 4 * HOUR_US + offsets.length - 1)
        for (const [hourUs, hour] of hours) {
          const mine = lines.filter((_, i) => Math.floor((offsets[i] ?? 0) / HOUR_US) * HOUR_US + BASE_US === hourUs)
          expect(hour.lines.toString()).toBe(`${mine.join('\n')}\n`)
          expect(hour.ticks.map((tick) => JSON.stringify(tick))).toEqual(mine)
        }
        expect([...hours.values()].reduce((sum, { ticks }) => sum + ticks.length, 0)).toBe(lines.length)
      }),
    )
  })

  it('ends a last line that lacks its newline', () => {
    const { hours } = splitHours(Buffer.from(line(BASE_US, BASE_US)), subject)
    expect(hours.get(BASE_US)?.lines.toString()).toBe(`${line(BASE_US, BASE_US)}\n`)
  })

  it.each([
    ['no JSON', '{"ts":', '-'],
    ['another contract than the subject’s', line(BASE_US, BASE_US, { cid: 5 }), 'cid'],
    ['another type than the subject’s', line(BASE_US, BASE_US, { tt: 'all_last' }), 'tt'],
    ['a broken rule of the format', line(BASE_US, BASE_US, { p: undefined }), 'p'],
  ])('sets apart %s, and keeps the lines around it', (_, poison, field) => {
    const good = [line(BASE_US, BASE_US), line(BASE_US, BASE_US + 1)] as const
    const split = splitHours(bytes(good[0], poison, good[1]), subject)
    expect(split.poison).toMatchObject([{ line: poison, fault: { field } }])
    expect(split.hours.get(BASE_US)?.ticks).toHaveLength(2)
  })

  it('property: finds in any mixture of lines what reading them one by one finds', () => {
    const good = fc
      .record({ offset: fc.nat({ max: 2 * HOUR_US }), s: fc.nat(9) })
      .map(({ offset, s }) => line(BASE_US + offset, BASE_US + 3 * HOUR_US, { s }))
    const odd = fc.constantFrom(
      '',
      '{"ts":',
      ` ${line(BASE_US, BASE_US)}`,
      `${line(BASE_US, BASE_US)}\r`,
      line(BASE_US, BASE_US, { ex: 'Zürich' }),
      line(BASE_US, BASE_US, { sc: 'quoted "x"' }),
      line(BASE_US, BASE_US, { p: 1e-9 }),
      line(BASE_US, BASE_US, { cid: 5 }),
      line(BASE_US, BASE_US, { p: undefined }),
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(good, odd), { minLength: 1, maxLength: 20 }), fc.boolean(), (lines, ended) => {
        const together = splitHours(Buffer.from(lines.join('\n') + (ended ? '\n' : '')), subject)
        const alone = lines.map((one) => splitHours(Buffer.from(one), subject))
        expect(together.poison).toEqual(alone.flatMap(({ poison }) => poison))
        expect(together.newestStUs).toBe(Math.max(...alone.map(({ newestStUs }) => newestStUs)))
        for (const [hourUs, { lines: bytesOfHour, ticks }] of together.hours) {
          const mine = alone.flatMap(({ hours }) => hours.get(hourUs) ?? [])
          expect(bytesOfHour.toString()).toBe(mine.map((one) => one.lines.toString()).join(''))
          expect(ticks).toEqual(mine.flatMap((one) => one.ticks))
        }
        expect(together.hours.size).toBe(new Set(alone.flatMap(({ hours }) => [...hours.keys()])).size)
      }),
    )
  })
})

import { describe, expect, it } from '@jest/globals'
import { type Given, judgeLive } from './live.ts'

const CID = 265598
const SECOND_US = 1_000_000
const START_US = 1_753_880_400 * SECOND_US
const HOUR_US = 3_600 * SECOND_US
/** One a second; the twelfth and the fiftieth are two hours late. */
const recorded = Array.from({ length: 100 }, (_, i) => {
  const st = START_US + i * SECOND_US + 400_000
  return { cid: CID, st, ts: Math.floor(st / SECOND_US) * SECOND_US - (i === 12 || i === 50 ? 2 * HOUR_US : 0) }
})
const stOf = (i: number) => recorded[i]?.st ?? 0
const forgotten = [{ cid: CID, fromUs: stOf(40), toUs: stOf(60) }]
const whole: readonly Given[] = recorded.map(({ st }) => ({ st }))
/** It got from the files what came from the 41st to the 60th, the late one of it not. */
const mended: readonly Given[] = recorded.flatMap(({ st }, i) => (i === 50 ? [] : [{ st, isFromFiles: i > 40 && i <= 60 }]))

describe('the judge of a live client', () => {
  it('has nothing to say where everything came, nor where it was told what may be missing', () => {
    expect(judgeLive(whole, recorded, [])).toEqual([])
    expect(judgeLive(whole, recorded, forgotten)).toEqual([])
    expect(judgeLive(mended, recorded, forgotten)).toEqual([])
  })

  it('takes what comes from the files in query order', () => {
    const behind = (given: readonly Given[]) => given.with(44, given[45] as Given).with(45, given[44] as Given)
    expect(judgeLive(behind(mended), recorded, forgotten)).toEqual([])
    expect(judgeLive(behind(whole), recorded, forgotten)).toEqual([expect.objectContaining({ kind: 'misordered' })])
  })

  it.each([
    ['nobody was told', mended, [], 'lost'],
    ['another contract was told', mended, [{ ...forgotten[0], cid: 1 }], 'lost'],
    ['a late one of another time is missing too', mended.toSpliced(12, 1), forgotten, 'lost'],
    ['one that was not late is missing', mended.toSpliced(44, 1), forgotten, 'lost'],
    ['one came twice from the files', mended.toSpliced(44, 0, mended[44] as Given), forgotten, 'doubled'],
    ['one that was late came twice', whole.toSpliced(50, 0, whole[50] as Given), forgotten, 'doubled'],
  ] as const)('finds it where %s', (_what, given, told, kind) => {
    expect(judgeLive(given, recorded, told as typeof forgotten)).toEqual([expect.objectContaining({ kind, count: 1 })])
  })
})

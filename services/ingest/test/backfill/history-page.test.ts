import { describe, expect, it } from '@jest/globals'
import { decodeHistory } from '../../src/backfill/history-page.ts'

const stream = (tt: 'bid_ask' | 'last' | 'all_last' | 'mid_point') => ({ cid: 8314, tt, rid: 7 })
const core = { ts: 1_753_884_000_000_000, cid: 8314, rid: 7, bf: true }
const words = (line: string) => line.split('|')

describe('decodeHistory', () => {
  it('reads quotes with the bits of message 97, which are not those of 99: bit 0 askPastHigh, bit 1 bidPastLow', () => {
    const frame = words('97|5|3|1753884000|1|10|10.01|1|2|1753884000|2|10||1||1753884000|0|-1|10.5|0|3|1')
    expect(decodeHistory(frame, stream('bid_ask'))).toEqual([
      { ...core, tt: 'bid_ask', bp: 10, bs: 1, ap: 10.01, as: 2, aph: true },
      { ...core, tt: 'bid_ask', bp: 10, bs: 1, bpl: true },
      { ...core, tt: 'bid_ask', bp: -1, bs: 0, ap: 10.5, as: 3 },
    ])
  })

  it('reads trades for last and all_last alike', () => {
    const frame = words('98|5|2|1753884000|1|0|0|Q||1753884000|2|10.25|0.5|P| TI|1')
    for (const tt of ['last', 'all_last'] as const)
      expect(decodeHistory(frame, stream(tt))).toEqual([
        { ...core, tt, p: 0, s: 0, ex: 'Q', pl: true },
        { ...core, tt, p: 10.25, s: 0.5, ex: 'P', sc: ' TI', upt: true },
      ])
  })

  it.each(['2147483647', '9223372036854775807', '-9223372036854775808', '1.7976931348623157E308'])(
    'regression: a size that is unset (%s) became a number in what was filled in',
    (unset) => {
      expect(decodeHistory(words(`98|5|1|1753884000|0|10.25|${unset}|P||1`), stream('last'))).toEqual([
        { ...core, tt: 'last', p: 10.25, ex: 'P' },
      ])
      expect(decodeHistory(words(`97|5|1|1753884000|0|10|10.01|${unset}|${unset}|1`), stream('bid_ask'))).toEqual([
        { ...core, tt: 'bid_ask', bp: 10, ap: 10.01 },
      ])
    },
  )

  it('reads mid points, and an answer without ticks', () => {
    expect(decodeHistory(words('96|5|1|1753884000|0|10.005|0|1'), stream('mid_point'))).toEqual([{ ...core, tt: 'mid_point', mp: 10.005 }])
    expect(decodeHistory(words('96|5|0|1'), stream('mid_point'))).toEqual([])
  })

  it.each(['98|5|1|1753884000|1|0|0|Q|1', '97|5|1|1753884000|0|10|11|1|2|1', '98|5|x|1', '98|5'])(
    'takes %s for no answer to a request for trades',
    (line) => {
      expect(decodeHistory(words(line), stream('last'))).toBeUndefined()
    },
  )
})

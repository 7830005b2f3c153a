import { expect, test } from '@jest/globals'
import { CONTRACT, CONTRACTS } from '../../src/contracts/contract-ref.ts'

test.each([
  ['265598', '265598'],
  ['aapl', 'AAPL'],
  ['MNQ.front', 'MNQ.front'],
  ['fut mnq cme 202612', 'FUT MNQ CME 202612'],
  ['STK "BRK B"', 'STK "BRK B"'],
])('%s names %s', (text, name) => {
  expect(CONTRACT.rule.parse(text).text).toBe(name)
})

test.each(['', '0', '2147483648', '99999999999999999999', '../../etc', 'A/B', 'a*', '.front', '$', 'x'.repeat(65), 'A\nB'])(
  '%j names nothing',
  (text) => {
    expect(CONTRACT.rule.safeParse(text).success).toBe(false)
  },
)

test('a list names each once, and says which part is wrong', () => {
  expect(CONTRACTS.rule.parse('265598, AAPL,265598,aapl').map(({ text }) => text)).toEqual(['265598', 'AAPL'])
  expect(CONTRACTS.rule.safeParse('265598,a*').error?.issues[0]?.message).toContain('"a*"')
  expect(CONTRACTS.rule.safeParse(Array.from({ length: 101 }, (_, i) => i + 1).join(',')).success).toBe(false)
})

import type { TickType } from '@ib-stream/model'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { daysAsked } from '../../src/sql/days-asked.ts'
import { type Duckdb, loadDuckdb } from '../../src/sql/load-duckdb.ts'

const DAYS = [5, 7].flatMap((cid) =>
  (['bid_ask', 'last', 'all_last'] satisfies TickType[]).flatMap((tt) =>
    [29, 30, 31].map((day) => ({ cid, tt, dayUs: Date.UTC(2025, 6, day) * 1_000, name: `${cid} ${tt} ${day}` })),
  ),
)
const namesOf = (part: string) => DAYS.map(({ name }) => name).filter((name) => new RegExp(`^${part}$`).test(name))

/** A few seconds, and the fetching of DuckDB where it was not yet. */
const TIMEOUT_MS = 300_000

let duckdb: Duckdb
beforeAll(async () => {
  duckdb = await loadDuckdb(process.env, () => undefined, new AbortController().signal)
}, TIMEOUT_MS)

async function asked(statement: string): Promise<string[] | 'all'> {
  const isWanted = await daysAsked(duckdb, statement)
  return isWanted === undefined ? 'all' : DAYS.filter(isWanted).map(({ name }) => name)
}

const OF_DAY = "cid = 5 AND date = '2025-07-30'"

describe('daysAsked', () => {
  it.each([
    [`FROM quotes WHERE ${OF_DAY}`, '5 bid_ask 30'],
    [`FROM quotes WHERE ${OF_DAY} ORDER BY received DESC LIMIT 3`, '5 bid_ask 30'],
    [`SELECT count(*) FROM ticks WHERE price IS NULL AND ${OF_DAY}`, '5 .* 30'],
    ['SELECT count(*) FROM quotes', '. bid_ask ..'],
    ["FROM bars_1m WHERE cid = 5 AND date >= '2025-07-31'", '5 (all_)?last 31'],
    ["FROM ticks WHERE cid IN (5, 6) AND tt = 'last' AND date IN ('2025-07-30', '2025-07-31')", '5 last 3.'],
    ["FROM ticks WHERE cid > 5 AND cid <= 7 AND date > '2025-07-29' AND date < DATE '2025-07-31'", '7 .* 30'],
    ["FROM quotes WHERE time >= '2025-07-30 22:00:00.5Z' AND time < '2025-07-31 00:00:00Z'", '. bid_ask 30'],
    ["FROM quotes WHERE time > '2025-07-30 22:00:00Z' AND time <= '2025-07-31 00:00:00Z'", '. bid_ask 3.'],
    [`FROM quotes q JOIN trades t USING (cid, date) WHERE ${OF_DAY}`, '5 .* 30'],
    [`WITH of_five AS (FROM trades WHERE cid = 5) SELECT max(price) FROM of_five WHERE tt = 'last'`, '5 last ..'],
    ["FROM session(5, '2025-07-30 13:30:00Z', '2025-07-30 20:00:00Z')", '5 .* 30'],
    ["FROM trades_as_of(5, DATE '2025-07-30')", '5 (bid_ask 29|.* 30)'],
    ["FROM quote_at(5, '2025-07-30 00:05:00Z')", '5 bid_ask (29|30)'],
    ["SELECT vwap(5, 'last', '2025-07-30 13:30:00Z', '2025-07-31 00:00:00Z')", '5 last 30'],
    ['CREATE TABLE mine AS FROM quotes WHERE cid = 5', '5 bid_ask ..'],
  ])('%s: %s', async (statement, part) => {
    expect(await asked(statement)).toEqual(namesOf(part))
  })

  it('has the days of each of the scans of a statement', async () => {
    expect(await asked(`FROM quotes WHERE ${OF_DAY} UNION ALL BY NAME FROM trades WHERE cid = 7 AND tt = 'last'`)).toEqual(
      namesOf('(5 bid_ask 30|7 last ..)'),
    )
  })

  it.each([
    [
      `SELECT (SELECT max(price) FROM trades t WHERE t.cid = q.cid) FROM quotes q WHERE ${OF_DAY}`,
      '5 bid_ask 30|5 (all_)?last ..|7 (all_)?last ..',
    ],
    [`FROM (FROM quotes WHERE ${OF_DAY}) POSITIONAL JOIN (FROM trades WHERE cid = 7)`, '5 bid_ask 30|7 (all_)?last ..'],
    [`FROM quotes EXCEPT FROM quotes WHERE ${OF_DAY}`, '. bid_ask ..'],
  ])('finds the scans that a plan has below others: %s: %s', async (statement, part) => {
    expect(await asked(statement)).toEqual(namesOf(`(${part})`))
  })

  it.each([
    'FROM ticks WHERE cid = 5 OR price > 1e30',
    "FROM ticks WHERE cid = 5 OR (cid = 7 AND date = '2025-07-30')",
    'FROM ticks WHERE cid <> 5 AND cid % 2 = 1',
    "FROM ticks WHERE tt >= 'c' AND NOT date = '2025-07-30'",
    "FROM ticks WHERE conditions = 'x AND cid=5' OR exchange = '; cid=5'",
  ])('leaves out no day of what it does not understand: %s', async (statement) => {
    const found = await asked(statement)
    expect(found === 'all' ? DAYS.length : found.length).toBe(DAYS.length)
  })

  it.each([
    'SELECT 1',
    'DESCRIBE quotes',
    'SELEC',
    'SELECT nothing FROM quotes',
    `SELECT 1; FROM quotes WHERE ${OF_DAY}`,
    `FROM (PIVOT trades ON exchange USING sum(size)) WHERE ${OF_DAY}`,
  ])('says nothing of what has no plan of its own over ticks: %s', async (statement) => {
    expect(await asked(statement)).toBe('all')
  })
})

// Holds studies over a recorded day to DuckDB's SQL, to 1e-9. `node bench/studies-duckdb.ts [--replay DAY.jsonl.gz]`; ends with 1 where they differ.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import type { TickMessage } from '@ib-stream/model'
import { prepareStudy, pushAll, type StudyOutput } from '@ib-stream/studies'
import { REAL_DAY } from '../test/support/tape-source.ts'
import { loadDuckdb } from './duckdb.ts'

/** Studies, how SQL says the same, and which columns must agree. `q` has quotes, `t` trades with their side, `n` the place in the file. */
const CASES: readonly { title: string; study: string; parameters: Record<string, unknown>; fields: Record<string, string>; sql: string }[] =
  [
    {
      title: 'VWAP since the start, its volume-weighted deviation, at each trade',
      study: 'vwap',
      parameters: { std_dev: 1 },
      fields: {
        'vwap.value': 'value',
        'vwap.upper_band': 'upper',
        'vwap.realized_volatility': 'volatility',
        'summary.total_volume': 'volume',
      },
      sql: `SELECT sum(p*s) OVER w / sum(s) OVER w AS value, sum(s) OVER w AS volume, sqrt(sum(r) OVER w) AS volatility, CASE WHEN count(*) OVER w >= 3 THEN value
          + sqrt(greatest(0, sum(s*(p-182)*(p-182)) OVER w / sum(s) OVER w - (sum(s*(p-182)) OVER w / sum(s) OVER w)**2)) END AS upper
          FROM (SELECT *, coalesce(ln(p / lag(p) OVER (ORDER BY n))**2, 0) AS r FROM t) WINDOW w AS (ORDER BY n ROWS UNBOUNDED PRECEDING) ORDER BY n`,
    },
    {
      title: 'VWAP and unweighted deviation over 300 s, at the last trade of each second',
      study: 'vwap',
      parameters: { window_seconds: 300, weight: 'trades', std_dev: 1 },
      fields: { 'vwap.value': 'value', 'vwap.upper_band': 'upper', 'summary.trade_count': 'trades' },
      sql: `SELECT ts, sum(p*s) OVER w / sum(s) OVER w AS value, count(*) OVER w AS trades,
          CASE WHEN count(*) OVER w >= 3 THEN value + stddev_pop(p) OVER w END AS upper
          FROM t WINDOW w AS (ORDER BY ts RANGE BETWEEN 299999999 PRECEDING AND CURRENT ROW)
          QUALIFY row_number() OVER (PARTITION BY ts ORDER BY n DESC) = 1 ORDER BY ts`,
    },
    {
      title: 'Bollinger bands over 1200 s, at the last trade of each second',
      study: 'bollinger',
      parameters: { std_dev: 2 },
      fields: { 'bands.sma': 'sma', 'bands.std_dev': 'deviation', 'bands.lower_band': 'lower' },
      sql: `SELECT ts, avg(p) OVER w AS sma, stddev_pop(p) OVER w AS deviation, sma - 2*deviation AS lower
          FROM t WINDOW w AS (ORDER BY ts RANGE BETWEEN 1199999999 PRECEDING AND CURRENT ROW)
          QUALIFY row_number() OVER (PARTITION BY ts ORDER BY n DESC) = 1 AND count(*) OVER w >= 10 ORDER BY ts`,
    },
    {
      title: 'delta over 60 s and since the start, at the last trade of each second',
      study: 'delta',
      parameters: {},
      fields: { 'summary.net_delta': 'net', 'summary.total_buy_volume': 'bought', 'summary.cumulative_delta': 'cumulative' },
      sql: `SELECT ts, sum(s*side) OVER w AS net, coalesce(sum(s) FILTER (side = 1) OVER w, 0) AS bought,
          sum(s*side) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) AS cumulative
          FROM t WINDOW w AS (ORDER BY ts RANGE BETWEEN 59999999 PRECEDING AND CURRENT ROW)
          QUALIFY row_number() OVER (PARTITION BY ts ORDER BY n DESC) = 1 ORDER BY ts`,
    },
    {
      title: 'true delta over 60 s, at the last trade of each second',
      study: 'true_delta',
      parameters: {},
      fields: {
        'summary.net_delta': 'net',
        'calculation_stats.bid_hits': 'bids',
        'calculation_stats.ask_hits': 'asks',
        'calculation_stats.inside_spread': 'inside',
        'calculation_stats.crossed_quote_trades': 'crossed',
        'calculation_stats.true_delta_percentage': 'share',
      },
      sql: `SELECT ts, sum(s*side) OVER w AS net, count(*) FILTER (basis = 'bid') OVER w AS bids, count(*) FILTER (basis = 'ask') OVER w AS asks,
          count(*) FILTER (basis = 'inside') OVER w AS inside, count(*) FILTER (basis = 'crossed') OVER w AS crossed, 100 * (bids + asks) / count(*) OVER w AS share
          FROM t WINDOW w AS (ORDER BY ts RANGE BETWEEN 59999999 PRECEDING AND CURRENT ROW)
          QUALIFY row_number() OVER (PARTITION BY ts ORDER BY n DESC) = 1 ORDER BY ts`,
    },
    {
      title: 'bars of 500 trades',
      study: 'bars',
      parameters: { interval: '500t' },
      fields: { open: 'open', high: 'high', low: 'low', close: 'close', volume: 'volume', vwap: 'vwap', trade_count: 'trades' },
      sql: `SELECT first(p ORDER BY n) AS open, max(p) AS high, min(p) AS low, last(p ORDER BY n) AS close, sum(s) AS volume, sum(p*s)/sum(s) AS vwap,
          count(*) AS trades FROM (SELECT *, (row_number() OVER (ORDER BY n) - 1) // 500 AS bar FROM t) GROUP BY bar ORDER BY bar`,
    },
    {
      title: 'spread in stretches of a minute',
      study: 'spread',
      parameters: {},
      fields: { ts: 'ts', 'quoted.mean': 'mean', 'effective.mean': 'effective', quote_count: 'quotes', crossed_count: 'crossed' },
      sql: `WITH quoted AS (SELECT st//60000000*60000000 AS ts, avg(ap-bp) FILTER (tt = 'bid_ask' AND ap >= bp) AS mean,
          count(*) FILTER (tt = 'bid_ask') AS quotes, count(*) FILTER (tt = 'bid_ask' AND bp > ap) AS crossed FROM day GROUP BY 1),
          traded AS (SELECT st//60000000*60000000 AS ts, sum(2 * abs(p - mid) * s) / sum(s) AS effective FROM t WHERE width >= 0 GROUP BY 1)
          SELECT * FROM quoted LEFT JOIN traded USING (ts) ORDER BY ts`,
    },
    {
      title: 'one-minute bars of trades',
      study: 'bars',
      parameters: {},
      fields: { ts: 'ts', open: 'open', high: 'high', low: 'low', close: 'close', volume: 'volume', vwap: 'vwap', trade_count: 'trades' },
      sql: `SELECT ts//60000000*60000000 AS ts, first(p ORDER BY n) AS open, max(p) AS high, min(p) AS low, last(p ORDER BY n) AS close,
          sum(s) AS volume, sum(p*s)/sum(s) AS vwap, count(*) AS trades FROM t GROUP BY ALL ORDER BY 1`,
    },
    {
      title: 'one-minute bars of the mid',
      study: 'bars',
      parameters: { of: 'mid' },
      fields: { ts: 'ts', open: 'open', high: 'high', low: 'low', close: 'close', quote_count: 'quotes' },
      sql: `SELECT ts//60000000*60000000 AS ts, first(mid ORDER BY n) AS open, max(mid) AS high, min(mid) AS low, last(mid ORDER BY n) AS close,
          count(*) AS quotes FROM q GROUP BY ALL ORDER BY 1`,
    },
    {
      title: 'order flow imbalance over 30 s, at the last quote of each second',
      study: 'order_flow_imbalance',
      parameters: { window_seconds: 30, every_seconds: 0 },
      fields: { order_flow_imbalance: 'imbalance', cumulative: 'cumulative', quote_count: 'quotes' },
      sql: `WITH e AS (SELECT ts, n, coalesce(if(bp >= lag(bp) OVER o, bs, 0) - if(bp <= lag(bp) OVER o, lag(bs) OVER o, 0)
          - if(ap <= lag(ap) OVER o, "as", 0) + if(ap >= lag(ap) OVER o, lag("as") OVER o, 0), 0) * if(lag(n) OVER o IS NULL, 0, 1) AS e
          FROM q WINDOW o AS (ORDER BY n))
          SELECT ts, sum(e) OVER w AS imbalance, sum(e) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) AS cumulative, count(*) OVER w AS quotes
          FROM e WINDOW w AS (ORDER BY ts RANGE BETWEEN 29999999 PRECEDING AND CURRENT ROW)
          QUALIFY row_number() OVER (PARTITION BY ts ORDER BY n DESC) = 1 ORDER BY ts`,
    },
  ]

const { values } = parseArgs({ options: { replay: { type: 'string', default: REAL_DAY } } })
const sql = await openDay(values.replay)
const day = gunzipSync(readFileSync(values.replay))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line.replace('"tt":"all_last"', '"tt":"last"')) as TickMessage)

let differing = 0
for (const each of CASES) {
  const study = prepareStudy(each.study, each.parameters).create()
  const rows = await sql(each.sql)
  const outputs = matching([...pushAll(study, day), ...study.flush()], each.sql.includes('QUALIFY'))
  const worst = outputs.length === rows.length ? worstError(outputs, rows, each.fields) : Number.POSITIVE_INFINITY
  if (!(worst <= 1e-9)) differing++
  process.stdout.write(`${JSON.stringify({ study: each.title, rows: rows.length, outputs: outputs.length, worstError: worst })}\n`)
}
process.exitCode = differing > 0 ? 1 : 0

/** SQL's range frames hold all rows of a second, so only the last output of each second has the same window. */
function matching(outputs: readonly StudyOutput[], lastOfSecond: boolean): StudyOutput[] {
  return outputs.filter(({ ts }, i) => !lastOfSecond || outputs[i + 1]?.ts !== ts)
}

function worstError(outputs: readonly StudyOutput[], rows: readonly Record<string, unknown>[], fields: Record<string, string>): number {
  const errors = outputs.flatMap((output, i) =>
    Object.entries(fields).map(([path, column]) => {
      const got = path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], output)
      const wanted = rows[i]?.[column]
      if (got === null && wanted === null) return 0
      const [a, b] = [Number(got), Number(wanted)]
      return Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b))
    }),
  )
  return errors.reduce((worst, error) => (error > worst || Number.isNaN(error) ? error : worst), 0)
}

/** Opens DuckDB over the day: tables `q` and `t`, each trade with the quote that stood and its side by it (the quote rule). */
async function openDay(path: string): Promise<(text: string) => Promise<Record<string, unknown>[]>> {
  const { DuckDBInstance } = loadDuckdb()
  const connection = await (await DuckDBInstance.create()).connect()
  const columns = `{ts: 'BIGINT', st: 'BIGINT', tt: 'VARCHAR', p: 'DOUBLE', s: 'DOUBLE', bp: 'DOUBLE', bs: 'DOUBLE', ap: 'DOUBLE', "as": 'DOUBLE'}`
  await connection.run(
    `CREATE TABLE day AS SELECT *, row_number() OVER () AS n FROM read_json('${path}', format='newline_delimited', columns=${columns})`,
  )
  await connection.run(`CREATE TABLE q AS SELECT *, (bp+ap)/2 AS mid FROM day WHERE tt = 'bid_ask'`)
  await connection.run(`CREATE TABLE t AS SELECT t.ts, t.st, t.n, t.p, t.s, q.mid, q.ap - q.bp AS width,
    CASE WHEN q.n IS NULL THEN 'none' WHEN q.bp >= q.ap THEN 'crossed' WHEN t.p >= q.ap THEN 'ask' WHEN t.p <= q.bp THEN 'bid' ELSE 'inside' END AS basis, CASE WHEN q.n IS NULL THEN coalesce(sign(t.p - lag(t.p) OVER (ORDER BY t.n)), 0)
    WHEN q.bp >= q.ap THEN if(t.p >= q.mid, 1, -1) WHEN t.p >= q.ap THEN 1 WHEN t.p <= q.bp THEN -1 ELSE 0 END AS side
    FROM (SELECT * FROM day WHERE tt <> 'bid_ask' AND s > 0) t ASOF LEFT JOIN q ON q.n < t.n`)
  return async (text) => (await connection.runAndReadAll(text)).getRowObjectsJson() as Record<string, unknown>[]
}

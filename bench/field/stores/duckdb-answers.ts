import { isoFromUs } from '@ib-stream/model'
import type { DuckdbConnection } from '../../../apps/cli/src/sql/load-duckdb.ts'
import { type Answer, LAST, type Question } from '../questions.ts'
import { RowSum } from '../row-sum.ts'
import type { Range, Tape } from '../tape.ts'
import { barsAnswer } from '../truth.ts'

/**
 * The same SQL over whatever `quotes` and `trades` are: tables, or views on files, with the columns of our archive.
 * @param ofDay what else limits them to the contract and the day, where that saves work: the archive's `date` is a folder
 * @param quoteAt from where the quote of a moment comes, as an expression of SQL, where there is a shorter way than a sort
 */
export function duckdbAnswers(
  connection: DuckdbConnection,
  tape: Tape,
  ofDay = `cid = ${tape.cid}`,
  quoteAt = (at: string): string => `quotes WHERE ${ofDay} AND received <= ${at} ORDER BY received DESC LIMIT 1`,
): Record<Question, () => Promise<Answer>> {
  const quotes = (range: Range) => `FROM quotes WHERE ${ofDay} AND ${within(range)}`
  const row = 'epoch_us(received)::DOUBLE, bid_price::DOUBLE, bid_size::DOUBLE, ask_price::DOUBLE, ask_size::DOUBLE'
  const rows = (sql: string) => sumOfRows(connection, sql)
  const day = quotes(tape.whole)
  const trades = `FROM trades WHERE ${ofDay} AND ${within(tape.whole)}`
  return {
    minute: () => rows(`SELECT ${row} ${quotes(tape.minute)} ORDER BY received`),
    hour: () => rows(`SELECT ${row} ${quotes(tape.hour)} ORDER BY received`),
    last: () => rows(`SELECT * FROM (SELECT ${row}, received ${day} ORDER BY received DESC LIMIT ${LAST}) ORDER BY received`),
    replay: () =>
      rows(
        `SELECT * EXCLUDE received FROM (SELECT ${row}, received ${day} UNION ALL SELECT epoch_us(received)::DOUBLE, price::DOUBLE, size::DOUBLE, 0, 0, received ${trades}) ORDER BY received`,
      ),
    scan: async () =>
      (
        await columnsOf(
          connection,
          `SELECT count(*)::DOUBLE, max(bid_price)::DOUBLE, sum(ask_price - bid_price)::DOUBLE, sum(bid_size + ask_size)::DOUBLE ${day}`,
          4,
        )
      ).map(first),
    bars: async () => {
      const sql = `SELECT epoch_us(time_bucket(INTERVAL 1 minute, time))::DOUBLE, arg_min(mid, received), max(mid), min(mid), arg_max(mid, received), count(*)::DOUBLE
        FROM (SELECT time, received, (bid_price + ask_price) / 2 AS mid ${day}) GROUP BY 1 ORDER BY 1`
      const [minutes = [], opens = [], highs = [], lows = [], closes = [], counts = []] = await columnsOf(connection, sql, 6)
      const at = (values: readonly number[], i: number) => values[i] ?? Number.NaN
      return barsAnswer(
        minutes.map((minute, i) => ({
          minute,
          open: at(opens, i),
          high: at(highs, i),
          low: at(lows, i),
          close: at(closes, i),
          count: at(counts, i),
        })),
      )
    },
    asOf: async () => {
      const found: number[] = []
      for (const atUs of tape.moments) {
        const columns = await columnsOf(
          connection,
          `SELECT epoch_us(received)::DOUBLE, bid_price::DOUBLE, ask_price::DOUBLE FROM ${quoteAt(moment(atUs))}`,
          3,
        )
        found.push(...columns.map(([value = 0]) => value))
      }
      return found
    },
    join: async () =>
      (
        await columnsOf(
          connection,
          `SELECT count(*)::DOUBLE, count(q.received)::DOUBLE, sum(abs(price - (bid_price + ask_price) / 2) * size)::DOUBLE
          FROM (SELECT * ${trades}) t ASOF LEFT JOIN (SELECT * FROM quotes WHERE ${ofDay}) q ON t.received >= q.received`,
          3,
        )
      ).map(first),
  }
}

const first = (values: readonly number[]): number => values[0] ?? Number.NaN

const within = ({ startUs, endUs }: Range): string => `time >= ${moment(startUs)} AND time < ${moment(endUs)}`

const moment = (us: number): string => `TIMESTAMPTZ '${isoFromUs(us)}'`

async function sumOfRows(connection: DuckdbConnection, sql: string): Promise<Answer> {
  const rows = new RowSum()
  for await (const chunk of await connection.stream(sql)) {
    const [received = [], prices = [], sizes = [], others = [], otherSizes = []] = [0, 1, 2, 3, 4].map(
      (n) => chunk.getColumnValues(n) as number[],
    )
    for (let i = 0; i < chunk.rowCount; i++) rows.add(received[i] ?? 0, prices[i] ?? 0, sizes[i] ?? 0, others[i] ?? 0, otherSizes[i] ?? 0)
  }
  return rows.answer
}

/** A result of doubles, by its columns. */
async function columnsOf(connection: DuckdbConnection, sql: string, count: number): Promise<number[][]> {
  const columns: number[][] = Array.from({ length: count }, () => [])
  for await (const chunk of await connection.stream(sql))
    for (const [n, column] of columns.entries()) for (const value of chunk.getColumnValues(n) as number[]) column.push(value)
  return columns
}

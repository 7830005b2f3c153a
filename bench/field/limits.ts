import type { Cell } from './measure.ts'
import type { Question } from './questions.ts'

/** What the archive must reach where a million quotes were asked for: so many ms, or 1.1 times what DuckDB takes with its best layout in the same run. */
const MUST: Partial<Record<Question, number>> = { bars: 150, asOf: 20, join: 20 }
const AS_GOOD = 1.1

/** Gives the figures of the archive their limits. */
export function withLimits(cells: readonly Cell[]): Cell[] {
  return cells.map((cell) => {
    const most = MUST[cell.of as Question]
    if (cell.store !== 'sql' || most === undefined) return cell
    const rivals = cells.filter(
      ({ store, of, day }) => of === cell.of && day === cell.day && (store === 'duckdb' || store === 'duckdbParquet'),
    )
    return { ...cell, atMost: Math.max(most, AS_GOOD * Math.min(...rivals.map(({ value }) => value))) }
  })
}

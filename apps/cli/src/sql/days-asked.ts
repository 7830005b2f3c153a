import { US_PER_DAY, usFromMs } from '@ib-stream/model'
import type { IsWanted } from '@ib-stream/storage'
import { makeEmptyTables } from './archive-tables.ts'
import type { Duckdb } from './load-duckdb.ts'

/** What is more than one statement, as PIVOT is, which first looks which columns there are; and what asks for the files by itself. */
const NOT_PLANNED = /;|\bpivot|ib_stream_/i
/** They draw conclusions from a table without rows. */
const MISLED = 'statistics_propagation,late_materialization'

/**
 * The days of which a statement may use a tick, by DuckDB's own plan of it over tables without ticks: what is left of its filters on `cid`, `tt`, `date` and `time` at each scan,
 * once views, macros and joins are taken apart. The archive of a year has thousands of files, and each that is opened costs.
 * @returns undefined where it may use all: it says nothing of them, or what is not understood
 */
export async function daysAsked({ DuckDBInstance }: Duckdb, statement: string): Promise<IsWanted | undefined> {
  if (NOT_PLANNED.test(statement)) return undefined
  const instance = await DuckDBInstance.create(':memory:')
  try {
    const connection = await instance.connect()
    await connection.run(`SET disabled_optimizers = '${MISLED}'`)
    await makeEmptyTables(connection)
    const explained = await connection.runAndReadUntil(`EXPLAIN (FORMAT json) ${statement}`, 1)
    const scans = scansOf(JSON.parse(String(explained.getRowsJson()[0]?.[1])) as PlanNode[])
    if (scans.length === 0) return undefined
    const needed = scans.map(allOf)
    return (day) => needed.some((isWanted) => isWanted(day))
  } catch {
    return undefined // what is wrong with it DuckDB says where it is done
  } finally {
    instance.closeSync()
  }
}

interface PlanNode {
  children: PlanNode[]
  extra_info: { Table?: string; Filters?: string | string[] }
}

/** Of each scan of ticks its filters, one for a column. */
const scansOf = (nodes: readonly PlanNode[]): string[][] =>
  nodes.flatMap(({ children, extra_info: { Table = '', Filters = [] } }) => [
    ...(/(^|\.)no_ticks$/.test(Table) ? [[Filters].flat()] : []),
    ...scansOf(children),
  ])

function allOf(filters: readonly string[]): IsWanted {
  const understood = filters.map(filterOf).filter((isWanted) => isWanted !== undefined)
  return (day) => understood.every((isWanted) => isWanted(day))
}

/** Bounds that hold at all times, or that only the run itself makes. */
const NO_BOUND = /^(\w+ IS NOT NULL|optional: Dynamic Filter \(\w+\))$/

/** A filter as a plan spells it: `date>='2025-07-30'::DATE AND date<='2025-07-31'::DATE`; undefined where one of its terms is not understood, as of an OR. */
function filterOf(filter: string): IsWanted | undefined {
  const terms = filter
    .split(' AND ')
    .filter((term) => !NO_BOUND.test(term))
    .map(termOf)
  return terms.every((isWanted) => isWanted !== undefined) ? (day) => terms.every((isWanted) => isWanted(day)) : undefined
}

const TERM = /^(?:optional: )?(cid|tt|date|time)(?:(=|<=|>=|<|>)([^()]+)| IN \((.+)\))$/

function termOf(term: string): IsWanted | undefined {
  const [, column = '', operator = '=', literal, list = ''] = TERM.exec(term) ?? []
  const values = (literal === undefined ? list.split(', ') : [literal]).map((text) => literalOf(column, text))
  if (!values.every((value) => value !== undefined)) return undefined
  if (column === 'tt' && operator !== '=') return undefined
  return (day) => values.some((value) => isSo(day, column, operator, value))
}

const LITERALS: Record<string, RegExp> = {
  cid: /^(\d+)$/,
  tt: /^'(\w+)'$/,
  date: /^'(\d{4}-\d\d-\d\d)'::DATE$/,
  time: /^'(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?\+00'::TIMESTAMP WITH TIME ZONE$/,
}

/** Days and moments in µs. */
function literalOf(column: string, literal: string): number | string | undefined {
  const [, first, time = '00:00:00', fraction = '.0'] = LITERALS[column]?.exec(literal) ?? []
  if (first === undefined || column === 'tt') return first
  return column === 'cid' ? Number(first) : usFromMs(Date.parse(`${first}T${time}Z`)) + Math.round(Number(fraction) * 1e6)
}

/** Whether a tick of the day may be so; its day is that of its `time`. */
function isSo({ cid, tt, dayUs }: Parameters<IsWanted>[0], column: string, operator: string, value: number | string): boolean {
  if (typeof value === 'string') return tt === value
  const least = column === 'cid' ? cid : dayUs
  if (least === undefined) return true
  const most = column === 'time' ? least + US_PER_DAY - 1 : least
  if (operator === '<') return least < value
  if (operator === '<=') return least <= value
  if (operator === '>') return most > value
  if (operator === '>=') return most >= value
  return least <= value && value <= most
}

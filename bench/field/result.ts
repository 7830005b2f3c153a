import { readFile } from 'node:fs/promises'
import type { Cell } from './measure.ts'
import type { Question } from './questions.ts'
import type { Fact, StoreName } from './stores.ts'

/** What a run has written. */
export interface FieldResult extends Partial<Record<StoreName, string>> {
  command: string
  at: string
  commit: string
  node: string
  machine: { cpu: string; cores: number; memoryGb: number; loadBefore: number }
  loadAfter: number
  seconds: Record<string, number>
  figures: readonly Cell[]
}

export const readResult = async (path: string): Promise<FieldResult> => JSON.parse(await readFile(path, 'utf8')) as FieldResult

export type Asked = Question | Fact

export const cellOf = ({ figures }: FieldResult, day: string, store: StoreName, of: Asked): Cell | undefined =>
  figures.find((cell) => cell.day === day && cell.store === store && cell.of === of)

/** The cells of one question, the best first: most ticks a second, else least. */
export const ranked = ({ figures }: FieldResult, day: string, of: Asked): Cell[] =>
  figures.filter((cell) => cell.day === day && cell.of === of).toSorted((a, b) => (of === 'load' ? b.value - a.value : a.value - b.value))

/** How many times as much as `than` it takes (of ticks a second: how many times as few); below 1 it is the better one. */
export const timesOf = (cell: Cell, than: Cell): number => (cell.of === 'load' ? than.value / cell.value : cell.value / than.value)

/** Three digits that count, thousands apart. */
export function shown(value: number): string {
  const rounded = Number(value.toPrecision(value < 1 ? 2 : 3))
  return rounded.toLocaleString('en-US', { maximumSignificantDigits: 3 })
}

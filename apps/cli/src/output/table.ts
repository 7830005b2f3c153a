import { stripVTControlCharacters } from 'node:util'
import type { Output, Style } from './output.ts'

export interface Column<Row> {
  head: string
  cell: (row: Row) => string
  /** Numbers stand to the right. */
  align?: 'right'
  style?: (row: Row) => Style | undefined
}

/** Rows under a head, columns as wide as they must be; coloured where somebody looks at it. */
export function tableOf<Row>(out: Output, columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)))
  const widths = columns.map(({ head }, i) => Math.max(head.length, ...cells.map((line) => widthOf(line[i] ?? ''))))
  const fit = (text: string, i: number): string => {
    const space = ' '.repeat(Math.max(0, (widths[i] ?? 0) - widthOf(text)))
    return columns[i]?.align === 'right' ? `${space}${text}` : `${text}${space}`
  }
  const lines = [
    columns.map(({ head }, i) => out.paint('bold', fit(head, i))),
    ...rows.map((row, r) =>
      columns.map(({ style }, i) => {
        const [text, found] = [fit(cells[r]?.[i] ?? '', i), style?.(row)]
        return found === undefined ? text : out.paint(found, text)
      }),
    ),
  ]
  return lines.map((line) => `${line.join('  ').trimEnd()}\n`).join('')
}

const widthOf = (text: string): number => stripVTControlCharacters(text).length

import { QUESTION_NAMES, QUESTIONS } from './questions.ts'
import { type Asked, type FieldResult, ranked, shown } from './result.ts'
import { aboutStore, FACTS, type Fact } from './stores.ts'

const PANEL = { width: 440, head: 34, row: 16, foot: 10 }
const LABEL_WIDTH = 128
const VALUE_WIDTH = 62
const COLUMNS = 2
const STYLE = `text{font:11px system-ui,sans-serif;fill:#222}.t{font-weight:600;font-size:12px}.v{fill:#555}.p{fill:#9aa5b1}.o{fill:#1f6feb}.n{font-weight:600}
@media(prefers-color-scheme:dark){text{fill:#ddd}.v{fill:#aaa}.p{fill:#5b6673}.o{fill:#58a6ff}}`

/** The table of a day as bars, the best on top; lengths are logarithms, each panel with its own ends. Ours are coloured. */
export function chartOf(result: FieldResult, day: string): string {
  const asked: Asked[] = [...(Object.keys(FACTS) as Fact[]), ...QUESTION_NAMES]
  const panels = asked.map((of) => panelOf(result, day, of)).filter(({ rows }) => rows > 0)
  const lines = Array.from({ length: Math.ceil(panels.length / COLUMNS) }, (_, n) => panels.slice(COLUMNS * n, COLUMNS * n + COLUMNS))
  let y = 0
  const placed: string[] = []
  for (const line of lines) {
    for (const [n, { text }] of line.entries()) placed.push(`<g transform="translate(${n * PANEL.width} ${y})">${text}</g>`)
    y += PANEL.head + PANEL.foot + PANEL.row * Math.max(...line.map(({ rows }) => rows))
  }
  const width = COLUMNS * PANEL.width
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}"><title>Every store on the ${day} day, question by question</title><style>${STYLE}</style>\n${placed.join('\n')}\n</svg>\n`
}

function panelOf(result: FieldResult, day: string, of: Asked): { text: string; rows: number } {
  const cells = ranked(result, day, of)
  const logs = cells.map(({ value }) => Math.log10(Math.max(value, 1e-3)))
  const least = Math.min(...logs) - 0.3
  const scale = (PANEL.width - LABEL_WIDTH - VALUE_WIDTH - 16) / (Math.max(...logs) - least)
  const bars = cells.map(({ store, value }, n) => {
    const { title, isOurs = false } = aboutStore(store)
    const y = PANEL.head + n * PANEL.row
    const length = ((logs[n] ?? least) - least) * scale
    return (
      `<text x="${LABEL_WIDTH}" y="${y}" text-anchor="end"${isOurs ? ' class="n"' : ''}>${title}</text>` +
      `<rect x="${LABEL_WIDTH + 6}" y="${y - 10}" width="${length.toFixed(1)}" height="12" class="${isOurs ? 'o' : 'p'}"/>` +
      `<text x="${(LABEL_WIDTH + 10 + length).toFixed(1)}" y="${y}" class="v">${shown(value)}</text>`
    )
  })
  const title = `<text x="6" y="14" class="t">${{ ...QUESTIONS, ...FACTS }[of]}, ${cells[0]?.unit ?? ''}</text>`
  return { text: title + bars.join(''), rows: cells.length }
}

// One section of the archive's benchmark, as a child of bench/parquet.ts: `node section.ts NAME DAY TICKS SCALE ROUNDS`; the figures go to the parent.
import { modelDay, realDay } from '../storage/days.ts'
import type { Figure } from '../storage/figure.ts'
import { queryFigures } from './queries.ts'
import type { Section } from './sections.ts'
import { sizeFigures } from './sizes.ts'
import { yearFigures } from './year.ts'

const [name = '', day = '', ticks = '', scale = '', rounds = ''] = process.argv.slice(2)

const run: Record<Section, () => Promise<Figure[]>> = {
  sizes: async () => sizeFigures({ ...(day === '' ? {} : { real: await realDay(day) }), model: modelDay(Number(ticks)) }),
  queries: () => queryFigures(Number(scale), Number(rounds)),
  year: () => yearFigures(Number(scale), Number(rounds)),
}
process.send?.(await run[name as Section]())
process.disconnect?.()

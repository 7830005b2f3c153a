// One section of the storage benchmark, as a child of bench/storage.ts: `node section.ts NAME DAY TICKS ROUNDS`; the figures go to the parent.
import { appendFigures } from './append.ts'
import { archiveFigures } from './archive.ts'
import { codecFigures } from './codecs.ts'
import { modelDay, realDay } from './days.ts'
import type { Figure } from './figure.ts'
import { memoryFigures } from './memory.ts'
import { peerFigures } from './peers.ts'
import { rangeFigures } from './ranges.ts'
import type { Section } from './sections.ts'
import { sizeFigures } from './sizes.ts'

/** Sizes do not change with more of the same. */
const MODEL_TICKS_FOR_SIZES = 100_000
/** A query of so many ticks must not need more memory than a short one. */
const MEMORY_FACTOR = 10

const [name = '', day = '', ticks = '', rounds = ''] = process.argv.slice(2)
const count = Number(ticks)
const times = Number(rounds)

const run: Record<Section, () => Promise<Figure[]>> = {
  sizes: async () => [
    ...(day === '' ? [] : sizeFigures('real day', await realDay(day))),
    ...sizeFigures('model day', modelDay(Math.min(count, MODEL_TICKS_FOR_SIZES))),
  ],
  codecs: async () => [
    ...(day === '' ? [] : await codecFigures('real day', await realDay(day), times)),
    ...(await codecFigures('model day', modelDay(count), times)),
  ],
  append: () => appendFigures(count, times),
  ranges: () => rangeFigures(count, times),
  peers: () => peerFigures(count, times),
  archive: () => archiveFigures(times),
  memory: () => memoryFigures(MEMORY_FACTOR * count),
}
process.send?.(await run[name as Section]())
process.disconnect?.()

// One section of the query benchmark, as a child of bench/query.ts: `node section.ts NAME SCALE ROUNDS`; the figures go to the parent.
import type { Figure } from '../storage/figure.ts'
import { derivedFigures } from './derived.ts'
import { historyFigures } from './history.ts'
import { latencyFigures } from './latency.ts'
import { liveFigures } from './live.ts'
import { memoryFigures } from './memory.ts'
import { replayFigures } from './replay.ts'
import type { Section, Size } from './sections.ts'
import { studyFigures } from './studies.ts'

const [name = '', scale = '', rounds = ''] = process.argv.slice(2)
const run: Record<Section, (size: Size) => Promise<Figure[]>> = {
  history: historyFigures,
  memory: memoryFigures,
  live: liveFigures,
  latency: latencyFigures,
  replay: replayFigures,
  derived: derivedFigures,
  studies: studyFigures,
}
process.send?.(await run[name as Section]({ scale: Number(scale), rounds: Number(rounds) }))
process.disconnect?.()

import type { TickMessage } from '@ib-stream/model'
import { elapsed, type Figure, figureOf } from '../storage/figure.ts'
import { inFolder } from '../storage/trees.ts'
import { type Loaded, loadStore } from './open-stores.ts'
import { type Answer, assertRight, MOMENTS, QUESTION_NAMES, QUESTIONS, type Question } from './questions.ts'
import { aboutStore, FACTS, type Fact, type StoreName } from './stores.ts'
import { writeTape } from './tape.ts'
import { truthOf } from './truth.ts'

/** One figure of the table. */
export interface Cell extends Figure {
  day: string
  store: StoreName
  of: Question | Fact
  /** What each round took, where there were several. */
  rounds?: readonly number[]
}

export interface Measured {
  day: string
  /** In order of arrival, each call anew. */
  ticks: () => Iterable<TickMessage>
  stores: readonly StoreName[]
  rounds: number
}

/** An answer that takes longer the first time is not asked for again: that time counts. What is faster is asked for in every round, and for no longer in all than twice that. */
const ENOUGH_SECONDS = 6

/** One day in every store: loaded, held to the right answers, then asked in turn, round after round. */
export const measure = ({ day, ticks, stores, rounds }: Measured): Promise<Cell[]> =>
  inFolder(async (folder) => {
    const tape = await writeTape(`${folder}/tape`, day, ticks)
    const truth = truthOf(tape, ticks())
    const count = tape.counts.quotes + tape.counts.trades
    await using open = new AsyncDisposableStack()
    const loaded = new Map<StoreName, Loaded>()
    const cells: Cell[] = []
    for (const store of stores) {
      process.stderr.write(`${day}: loading ${aboutStore(store).title} …\n`)
      const one = await loadStore(store, folder, tape)
      open.use(one.store)
      loaded.set(store, one)
      if (one.loadSeconds !== undefined) cells.push(cellOf(day, store, 'load', 'ticks/s', [count / one.loadSeconds]))
      if (one.sizeBytes !== undefined) cells.push(cellOf(day, store, 'size', 'bytes a tick', [one.sizeBytes / count]))
    }
    for (const question of QUESTION_NAMES) {
      process.stderr.write(`${day}: ${QUESTIONS[question]} …\n`)
      for (const [store, tookMs] of await askAll(question, loaded, truth[question], rounds))
        cells.push(cellOf(day, store, question, 'ms', tookMs))
    }
    return cells
  })

/** Times of each store that has an answer, in ms; the first answers are held to the right one, and warm up. */
async function askAll(question: Question, loaded: ReadonlyMap<StoreName, Loaded>, right: Answer, rounds: number) {
  const took = new Map<StoreName, number[]>()
  const spent = new Map<StoreName, number>()
  for (let round = 0; round <= rounds; round++) {
    for (const [name, { store }] of loaded) {
      const ask = store.asking[question]
      const before = spent.get(name) ?? 0
      if (ask === undefined || before > (round > 1 ? 2 : 1) * ENOUGH_SECONDS) continue
      let answer: Answer = []
      const seconds = await elapsed(async () => (answer = await ask()))
      assertRight(`${aboutStore(name).title}, ${QUESTIONS[question]}`, answer, right)
      spent.set(name, before + seconds)
      if (round > 0 || seconds > ENOUGH_SECONDS)
        took.set(name, [...(took.get(name) ?? []), (seconds * 1_000) / (question === 'asOf' ? MOMENTS : 1)])
    }
  }
  return took
}

function cellOf(day: string, store: StoreName, of: Question | Fact, unit: string, rounds: readonly number[]): Cell {
  const title = { ...QUESTIONS, ...FACTS }[of]
  const { name, value, spread } = figureOf(`${day} day, ${aboutStore(store).title}: ${title}`, unit, rounds)
  const several = spread && rounds.length > 1 ? { spread: [short(spread[0]), short(spread[1])] as const, rounds: rounds.map(short) } : {}
  return { name, value: short(value), unit, ...several, day, store, of }
}

const short = (value: number): number => Number(value.toPrecision(4))

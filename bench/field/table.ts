import { QUESTION_NAMES, QUESTIONS } from './questions.ts'
import { type Asked, cellOf, type FieldResult, ranked, shown, timesOf } from './result.ts'
import { aboutStore, FACTS, type Fact, NOT_HAD, STORE_NAMES } from './stores.ts'
import { WHY } from './why.ts'

const ASKED: readonly Asked[] = [...(Object.keys(FACTS) as Fact[]), ...QUESTION_NAMES]
const TITLES: Record<Asked, string> = { ...FACTS, ...QUESTIONS }
const UNITS: Record<string, string> = { size: 'bytes a tick', load: 'ticks/s' }

/** Load a core from which on times tell little. */
const BUSY = 1

const rowOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [rowOf(head), rowOf(head.map(() => '---')), ...rows.map(rowOf)].join('\n')

/** The parts of docs/benchmarks.md that come from a result, by the names of their places there. */
export function partsOf(result: FieldResult): Record<string, string> {
  const days = Object.keys(result.seconds)
  return {
    lost: days.map((day) => `On the ${day} day:\n\n${lostOn(result, day)}`).join('\n\n'),
    run: runOf(result),
    ...Object.fromEntries(days.map((day) => [`${day} day`, tableOfDay(result, day)])),
    stores: storesOf(result),
    'not had': tableOf(['store', 'why not'], NOT_HAD),
  }
}

/** Where one of the others is better than the best of ours. */
function lostOn(result: FieldResult, day: string): string {
  const rows = ASKED.flatMap((of) => {
    const cells = ranked(result, day, of)
    const [best] = cells
    const ours = cells.find(({ store }) => aboutStore(store).isOurs)
    if (best === undefined || ours === undefined || best === ours) return []
    const better = cells.slice(0, cells.indexOf(ours)).map(({ store, value }) => `${aboutStore(store).title} ${shown(value)}`)
    return [
      [
        `${TITLES[of]}, ${best.unit}`,
        better.join(', '),
        `${aboutStore(ours.store).title} ${shown(ours.value)}`,
        `${shown(timesOf(ours, best))} ×`,
        WHY[of],
      ],
    ]
  })
  return rows.length === 0 ? 'nowhere.' : tableOf(['', 'better than ours', 'the best of ours', 'takes', 'why'], rows)
}

/** Every figure, and how many times the best of ours that is. */
function tableOfDay(result: FieldResult, day: string): string {
  const bestOfOurs = new Map(ASKED.map((of) => [of, ranked(result, day, of).find(({ store }) => aboutStore(store).isOurs)]))
  const rows = STORE_NAMES.filter((store) => result[store] !== undefined).map((store) => [
    `${aboutStore(store).isOurs ? '**' : ''}${aboutStore(store).title}${aboutStore(store).isOurs ? '**' : ''}`,
    ...ASKED.map((of) => {
      const cell = cellOf(result, day, store, of)
      const ours = bestOfOurs.get(of)
      if (cell === undefined) return '–'
      return ours === undefined ? shown(cell.value) : `${shown(cell.value)} (${shown(timesOf(cell, ours))})`
    }),
  ])
  return tableOf(['', ...ASKED.map((of) => `${TITLES[of]}, ${UNITS[of] ?? 'ms'}`)], rows)
}

function runOf(result: FieldResult): string {
  const { machine, node, commit, command, at, seconds } = result
  const times = Object.entries(seconds).map(([day, took]) => `${day} day ${took} s`)
  return (
    `\`${command}\`, ${at.slice(0, 10)}, commit ${commit}: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, ` +
    `load ${shown(machine.loadBefore)} before and ${shown(result.loadAfter)} after; Node ${node.slice(1)}; ${times.join(', ')}.` +
    (machine.loadBefore > BUSY * machine.cores
      ? ' Others used the machine at the same time: what is near to one another here may be the other way round on a quiet one.'
      : '')
  )
}

function storesOf(result: FieldResult): string {
  const rows = STORE_NAMES.map((store) => {
    const { title, how, cannot = {} } = aboutStore(store)
    const reasons = Object.entries(cannot).map(([of, why]) => `no “${TITLES[of as Asked]}”: ${why}`)
    return [title, result[store] ?? 'was not to be had in this run', [how, ...reasons].join('; ')]
  })
  return tableOf(['', 'version', 'how'], rows)
}

import { setTimeout as pause } from 'node:timers/promises'
import { codeOf, hourOf, type TickMessage, type TickType, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { decodeTickJson } from '../../src/codec/json.ts'
import { tickOfRow } from '../../src/codec/tick-of-row.ts'
import { openRange, type TickRange } from '../../src/query/open-range.ts'
import type { RangeOptions } from '../../src/query/plan-range.ts'
import { assertAllButRemoved, assertSame, type Model } from './judge.ts'
import { CIDS, START_US } from './log.ts'

export interface Counts {
  answers: number
  /** Of which the files changed while they were read, for the reader rested. */
  slow: number
  ticks: number
  /** Hours that one backend alone did not have any more. */
  removedHours: number
  unstable: number
  gone: number
}

export const noCounts = (): Counts => ({ answers: 0, slow: 0, ticks: 0, removedHours: 0, unstable: 0, gone: 0 })

const below = (limit: number): number => Math.floor(Math.random() * limit)
const oneOf = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item

/**
 * Asks one question at random beside the writers and holds the answer to the model at its position.
 * @param newestUs about where the log is, µs UTC
 * @throws Error that says what was asked and what is wrong
 */
export async function ask(dataDir: string, model: Model, newestUs: number, counts: Counts): Promise<void> {
  const backends = oneOf([['json', 'pb'], ['json', 'pb'], ['pb', 'json'], ['pb'], ['json']] as const)
  const how = oneOf(Object.keys(WAYS) as (keyof typeof WAYS)[])
  const isSlow = how === 'objects, slowly' // over a day that may go meanwhile
  const startUs = isSlow ? newestUs - 30 * US_PER_HOUR : oneOf([newestUs - below(3 * US_PER_HOUR), START_US + below(newestUs - START_US)])
  const endUs = isSlow
    ? newestUs
    : oneOf([startUs + 1 + below(US_PER_HOUR), hourOf(startUs) + US_PER_HOUR, startUs + 1 + below(US_PER_DAY), newestUs + US_PER_DAY])
  const tts: readonly TickType[] = oneOf([['bid_ask', 'last'], ['bid_ask', 'last'], ['last']] as const)
  const alone = backends.length === 1 && backends[0] === 'json'
  const bounds = alone ? { startUs: hourOf(startUs), endUs: hourOf(endUs) + US_PER_HOUR } : { startUs, endUs } // what is missing is said by the hour
  const options: RangeOptions = { dataDir, backends, cids: oneOf([CIDS, CIDS.slice(0, 1)]), tts, ...bounds }
  try {
    await using range = await openRange(options)
    const found = await WAYS[how](range, counts)
    const wanted = model.answerOf(options, range.positions)
    const what = `${how} of ${JSON.stringify(options)} at ${JSON.stringify([...range.positions])}`
    if (alone) assertAllButRemoved(found, wanted, range, what)
    else assertSame(found, wanted, what)
    if (!alone && range.removed.length > 0) throw new Error(`${what}: ${JSON.stringify(range.removed)} is said to be removed`)
    counts.answers++
    counts.ticks += found.length
    counts.removedHours += range.removed.length
  } catch (error) {
    if (codeOf(error) === 'IBS_STORAGE_RANGE_UNSTABLE') counts.unstable++
    else if (alone && codeOf(error) === 'IBS_STORAGE_SEGMENT_GONE')
      counts.gone++ // nobody else was asked, so it is told
    else throw error
  }
}

const WAYS = {
  objects: (range: TickRange) => objects(range),
  'objects, backwards': async (range: TickRange) => (await objects(range, 'descending')).reverse(),
  'objects, slowly': async (range: TickRange, counts: Counts) => {
    const ticks: TickMessage[] = []
    for await (const batch of range.batches({ batchTicks: 50 })) {
      if (ticks.length === 0) {
        counts.slow++
        await pause(1_200)
      }
      ticks.push(...batch)
    }
    return ticks
  },
  columns: async (range: TickRange) => {
    const ticks: TickMessage[] = []
    for await (const columns of range.columns()) for (let row = 0; row < columns.length; row++) ticks.push(tickOfRow(columns, row))
    const { ticks: measured } = await range.measure()
    if (measured !== ticks.length) throw new Error(`${measured} ticks are measured, ${ticks.length} were read`)
    return ticks
  },
  bytes: async (range: TickRange) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of range.bytes({ format: 'json' })) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks)
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map(decodeTickJson)
  },
}

async function objects(range: TickRange, order: 'ascending' | 'descending' = 'ascending'): Promise<TickMessage[]> {
  const ticks: TickMessage[] = []
  for await (const batch of range.batches({ order })) ticks.push(...batch)
  return ticks
}

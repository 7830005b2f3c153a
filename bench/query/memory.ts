import { deepStrictEqual } from 'node:assert'
import { isoFromUs } from '@ib-stream/model'
import { BACKENDS } from '@ib-stream/storage'
import { elapsed, type Figure } from '../storage/figure.ts'
import { digestOf, drain } from './client.ts'
import { QueryGround } from './ground.ts'
import { CID, DAY, dayOfTicks, record } from './recorded.ts'
import type { Size } from './sections.ts'

const DAY_TICKS = 10_000_000
const FORMATS = { json: 'ndjson', pb: 'protobuf' } as const

/** Most memory of a fresh query-api that streams a day of ticks, quotes and trades merged, to one client that reads as fast as it can. */
export async function memoryFigures({ scale }: Size): Promise<Figure[]> {
  const count = Math.round(DAY_TICKS * scale)
  await using ground = await QueryGround.make()
  const figures: Figure[] = []
  for (const backend of BACKENDS) {
    const digest = await record(ground.dataDir, backend, dayOfTicks(count))
    await ground.startApi()
    const range = `start_time=${isoFromUs(DAY.startUs)}&end_time=${isoFromUs(DAY.endUs)}`
    const url = `${ground.url}/v3/buffer/${CID}/query?tick_types=bid_ask,last&format=${FORMATS[backend]}&${range}`
    deepStrictEqual(await digestOf(url), digest, `${url}: not the ticks that were put there`)
    const mb = await ground.mostMb()
    const seconds = await elapsed(() => drain(url))
    const name = `${count.toLocaleString('en-US')} ticks merged, ${FORMATS[backend]}`
    figures.push(
      { name: `${name}: most memory of query-api`, value: mb, unit: 'MB', atMost: 300 },
      { name, value: count / seconds, unit: 'ticks/s', atLeast: 400_000 },
    )
  }
  return figures
}

import type { TickMessage, TickType } from '@ib-stream/model'
import { columnsOf, encodeTickJson, encodeTicksJson, encodeTicksProto, type TickColumns } from '@ib-stream/storage'
import { arrowStream } from './arrow.ts'
import { csvHeader, csvLines } from './csv.ts'
import { expand } from './expanded.ts'
import type { Format } from './format.ts'
import { parquetFile } from './parquet.ts'

type Batches = AsyncIterable<readonly TickMessage[]>
export type Chunks = AsyncGenerator<string | Uint8Array, void, undefined>

export interface EncodeOptions {
  /** The one contract and tick type of a file of columns. */
  stream: { cid: number; tt: TickType }
  expanded: boolean
  /** What the JSON object says before the ticks. */
  head: object
  /** What it says after them, asked for when they are through. */
  foot: () => object
}

/** An answer's body, a chunk for each batch of ticks. Nothing is read ahead of its consumer. */
export const ENCODERS: Record<Format, (batches: Batches, options: EncodeOptions) => Chunks> = {
  async *ndjson(batches, { expanded }) {
    for await (const batch of batches) yield expanded ? lines(batch) : encodeTicksJson(batch)
  },
  async *protobuf(batches) {
    for await (const batch of batches) yield encodeTicksProto(batch)
  },
  async *csv(batches, { expanded }) {
    yield csvHeader(expanded)
    for await (const batch of batches) yield csvLines(batch, expanded)
  },
  parquet: (batches, { stream }) => parquetFile(batches, stream),
  arrow: (batches, { expanded }) => arrowStream(inColumns(batches), { expanded }),
  async *json(batches, { expanded, head, foot }) {
    yield `${JSON.stringify(head).slice(0, -1)},"messages":[`
    let isFirst = true
    for await (const batch of batches) {
      yield `${isFirst ? '\n' : ',\n'}${batch.map(expanded ? (tick) => JSON.stringify(expand(tick)) : encodeTickJson).join(',\n')}`
      isFirst = false
    }
    yield `\n],${JSON.stringify(foot()).slice(1)}\n`
  },
}

const lines = (ticks: readonly TickMessage[]): string => ticks.map((tick) => `${JSON.stringify(expand(tick))}\n`).join('')

async function* inColumns(batches: Batches): AsyncGenerator<TickColumns, void, undefined> {
  for await (const batch of batches) yield columnsOf(batch)
}

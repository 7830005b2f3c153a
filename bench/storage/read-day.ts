// Reads a day and says what it took: `node bench/storage/read-day.ts DATA_DIR json|pb CID START_US columns|batches|bytes`. A process of its own, because memory is counted.
import { US_PER_DAY } from '@ib-stream/model'
import { openRange } from '@ib-stream/storage'
import { formatOf } from '../../libs/storage/src/codec/block-reader.ts'

const [dataDir = '', format, cid, start, way] = process.argv.slice(2)
const backend = format === 'json' ? 'json' : 'pb'
const startUs = Number(start)
await using range = await openRange({
  dataDir,
  backends: [backend],
  cids: [Number(cid)],
  tts: ['bid_ask', 'last'],
  startUs,
  endUs: startUs + US_PER_DAY,
})
const seen = { ticks: 0, sumOfSt: 0, sorted: true }
let before = { ts: 0, st: 0 }
const startedMs = performance.now()

if (way === 'columns')
  for await (const { length, ts, st } of range.columns()) for (let row = 0; row < length; row++) look(ts[row] as number, st[row] as number)
else if (way === 'batches') for await (const batch of range.batches()) for (const { ts, st } of batch) look(ts, st)
else {
  const { wholeBytes, read } = formatOf(backend)
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of range.bytes({ format: backend, chunks: 'lent' })) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const whole = wholeBytes(bytes)
    for (const records = read(bytes.subarray(0, whole)); records.next() && records.readStamps(); ) look(records.ts, records.st)
    rest = Uint8Array.from(bytes.subarray(whole))
  }
}
const seconds = (performance.now() - startedMs) / 1_000
process.stdout.write(JSON.stringify({ ...seen, seconds, maxRssBytes: process.resourceUsage().maxRSS * 1_024 }))

function look(ts: number, st: number): void {
  if (ts < before.ts || (ts === before.ts && st <= before.st)) seen.sorted = false
  before = { ts, st }
  seen.ticks++
  seen.sumOfSt = (seen.sumOfSt + st) % 2 ** 32
}

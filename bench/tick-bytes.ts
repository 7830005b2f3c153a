// Bytes a tick: v3 JSON and protobuf against the verbose form that v3 replaces ("v2", as its specification printed it), for the same ticks.
// `node bench/tick-bytes.ts FILE.jsonl[.gz]`: v3 JSON lines; `rid` is filled in, as a recording has it.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { hash31, isoFromUs, type TickMessage } from '@ib-stream/model'
import { encodeTickJson, encodeTickProto } from '@ib-stream/storage'

const [path] = process.argv.slice(2)
if (path === undefined) throw new Error('name a file of v3 JSON lines')
const bytes = createReadStream(path)
const totals = { ticks: 0, v2: 0, json: 0, pb: 0 }
for await (const line of createInterface({ input: path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes })) {
  const read = JSON.parse(line) as TickMessage
  const tick = { ...read, rid: hash31(read.cid, read.tt) }
  totals.ticks += 1
  totals.v2 += Buffer.byteLength(verbose(tick)) + 1
  totals.json += Buffer.byteLength(encodeTickJson(tick)) + 1
  totals.pb += encodeTickProto(tick).length
}
const each = (sum: number) => Number((sum / totals.ticks).toFixed(1))
const less = (sum: number) => `${(100 * (1 - sum / totals.v2)).toFixed(1)} %`
process.stdout.write(
  `${JSON.stringify({ ticks: totals.ticks, v2: each(totals.v2), json: each(totals.json), pb: each(totals.pb), jsonLess: less(totals.json), pbLess: less(totals.pb) })}\n`,
)

/** The printed v2 form: compact JSON, numbers as Python writes floats. */
function verbose(tick: TickMessage): string {
  const iso = `${isoFromUs(tick.st).slice(0, 23)}Z`
  const seconds = isoFromUs(tick.ts)
  const head = `{"type":"tick","stream_id":"${tick.cid}_${tick.tt}_${Math.floor(tick.st / 1_000)}_8114","timestamp":"${iso}","data":{"contract_id":${tick.cid},"tick_type":"${tick.tt}"`
  const times = `"timestamp":"${seconds.slice(0, 10)} ${seconds.slice(11, 19)} UTC","unix_time":${tick.ts}`
  const tail = `},"metadata":{"source":"stream_manager","request_id":"12345","contract_id":"${tick.cid}","tick_type":"${tick.tt}"}}`
  return `${head}${body(tick, times)}${tail}`
}

function body(tick: TickMessage, times: string): string {
  switch (tick.tt) {
    case 'bid_ask': {
      const prices = `"bid_price":${float(tick.bp)},"ask_price":${float(tick.ap)},"bid_size":${float(tick.bs)},"ask_size":${float(tick.as)}`
      return `,"type":"bid_ask",${times},${prices},"bid_past_low":${tick.bpl === true},"ask_past_high":${tick.aph === true}`
    }
    case 'mid_point':
      return `,"type":"midpoint",${times},"midpoint":${float(tick.mp)}`
    default: {
      const trade = `"price":${float(tick.p)},"size":${float(tick.s)},"exchange":${JSON.stringify(tick.ex ?? '')},"conditions":${JSON.stringify(tick.sc ?? '')}`
      return `,"type":"time_sales",${times},${trade},"past_limit":${tick.pl === true},"unreported":${tick.upt === true}`
    }
  }
}

/** As Python's repr: whole numbers end in `.0`. */
function float(value: number | undefined): string {
  if (value === undefined) return 'null'
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

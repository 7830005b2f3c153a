import { zstdCompressSync } from 'node:zlib'
import type { TickMessage } from '@ib-stream/model'
import { encodeTickJson, encodeTickProto } from '@ib-stream/storage'
import { printedV2Line, v2Message, writtenV2Line } from '../../libs/storage/test/import/old-recordings.ts'
import type { Figure } from './figure.ts'

const BLOCK_BYTES = 4096
const AT_ONCE = 10_000

type Encode = (tick: TickMessage) => string | Uint8Array

const FORMS: Record<string, Encode> = {
  'v2 json as printed': (tick) => printedV2Line({ ...tick, rid: 12_345 }), // as its specification printed it
  'v2 json as written': (tick) => writtenV2Line(tick),
  'v2 protobuf': (tick) => v2Message(tick),
  json: (tick) => `${encodeTickJson(tick)}\n`,
  pb: encodeTickProto,
}

/** Bytes a tick in each form, plain and with zstd (level 3, pieces of 10,000 ticks), and how much less the forms of v3 take. */
export function sizeFigures(day: string, ticks: readonly TickMessage[]): Figure[] {
  const figures: Figure[] = []
  const each = new Map<string, number>()
  for (const [name, encode] of Object.entries(FORMS)) {
    let bytes = 0
    let packed = 0
    for (let at = 0; at < ticks.length; at += AT_ONCE) {
      const piece = Buffer.concat(ticks.slice(at, at + AT_ONCE).map((tick) => Buffer.from(encode(tick))))
      bytes += piece.length
      packed += zstdCompressSync(piece).length
    }
    each.set(name, bytes / ticks.length)
    figures.push({ name: `${day}: ${name}`, value: bytes / ticks.length, unit: 'bytes a tick' })
    figures.push({ name: `${day}: ${name}, in one file on disk`, value: Math.ceil(bytes / BLOCK_BYTES), unit: 'blocks of 4 KiB' })
    figures.push({ name: `${day}: ${name}, zstd`, value: packed / ticks.length, unit: 'bytes a tick' })
  }
  const less = (form: string, than: string) => 100 * (1 - (each.get(form) ?? 0) / (each.get(than) ?? 1))
  for (const [form, than, atLeast] of MUST)
    figures.push({ name: `${day}: ${form} less than ${than}`, value: less(form, than), unit: '%', atLeast })
  return figures
}

const MUST = [
  ['json', 'v2 json as printed', 70],
  ['pb', 'v2 json as printed', 83],
  ['json', 'v2 json as written', 67],
  ['pb', 'v2 json as written', 81],
] as const

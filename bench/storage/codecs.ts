import { deepStrictEqual } from 'node:assert'
import type { TickMessage } from '@ib-stream/model'
import { decodeTicksProto, encodeTickJson, encodeTickProto, tickOfRow } from '@ib-stream/storage'
import protobuf from 'protobufjs'
import { formatOf } from '../../libs/storage/src/codec/block-reader.ts'
import { ColumnBuffer } from '../../libs/storage/src/codec/columns.ts'
import { TickMessageType } from '../../libs/storage/src/codec/proto-generic.ts'
import type { Figure } from '../storage.ts'

const BLOCK_TICKS = 4_000

/** Ticks a second of encoders and decoders, each over all ticks in each round; medians; ratios within one round's order. */
export function codecFigures(ticks: readonly TickMessage[], rounds: number): Figure[] {
  const pieces: (readonly TickMessage[])[] = []
  for (let at = 0; at < ticks.length; at += BLOCK_TICKS) pieces.push(ticks.slice(at, at + BLOCK_TICKS))
  const json = pieces.map((piece) => Buffer.from(piece.map((tick) => `${encodeTickJson(tick)}\n`).join('')))
  const pb = pieces.map((piece) => Buffer.concat(piece.map(encodeTickProto)))
  verify(pieces, json, pb)
  const runs: Record<string, () => void> = {
    'JSON.stringify': () => each(pieces, (piece) => piece.map((tick) => JSON.stringify(tick)).join('\n')),
    'encode json': () => each(pieces, (piece) => piece.map(encodeTickJson).join('\n')),
    'protobufjs encode': () => each(pieces, (piece) => piece.map((tick) => TickMessageType.encodeDelimited(tick).finish())),
    'encode pb': () => each(pieces, (piece) => piece.map(encodeTickProto)),
    'JSON.parse each line': () =>
      each(json, (block) =>
        block
          .toString('utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ),
    'json to objects': () => each(json, (block) => objectsOf('json', block)),
    'json to columns': () => each(json, (block) => columnsOf('json', block)),
    'protobufjs decode': () => each(pb, protobufjsOf),
    'pb to objects': () => each(pb, (block) => decodeTicksProto(block)),
    'pb to columns': () => each(pb, (block) => columnsOf('pb', block)),
  }
  const seconds = new Map(Object.keys(runs).map((name): [string, number[]] => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of Object.entries(runs)) {
      const startedMs = performance.now()
      run()
      if (round > 0) seconds.get(name)?.push((performance.now() - startedMs) / 1_000) // the first round warms up
    }
  }
  const speed = (name: string) => ticks.length / median(seconds.get(name) ?? [])
  const figures = Object.keys(runs).map((name): Figure => ({ name, value: Math.round(speed(name)), unit: 'ticks/s' }))
  for (const [name, than, atLeast] of MUST)
    figures.push({ name: `${name} against ${than}`, value: speed(name) / speed(than), unit: '×', atLeast })
  return figures
}

const MUST = [
  ['json to columns', 'JSON.parse each line', 3],
  ['pb to columns', 'protobufjs decode', 2],
  ['encode json', 'JSON.stringify', 1.5],
  ['encode pb', 'protobufjs encode', 1],
] as const

function each<Piece>(pieces: readonly Piece[], work: (piece: Piece) => unknown): void {
  for (const piece of pieces) work(piece)
}

function objectsOf(backend: 'json' | 'pb', block: Uint8Array): TickMessage[] {
  const records = formatOf(backend).read(block)
  const ticks: TickMessage[] = []
  while (records.next()) ticks.push(records.decode())
  return ticks
}

function columnsOf(backend: 'json' | 'pb', block: Uint8Array): ColumnBuffer {
  const columns = new ColumnBuffer(BLOCK_TICKS)
  const records = formatOf(backend).read(block)
  while (records.nextInto(columns));
  return columns
}

function protobufjsOf(block: Uint8Array): unknown[] {
  const reader = protobuf.Reader.create(block)
  const messages: unknown[] = []
  while (reader.pos < reader.len) messages.push(TickMessageType.decodeDelimited(reader))
  return messages
}

/** Every way of reading gives the ticks themselves. */
function verify(pieces: readonly (readonly TickMessage[])[], json: readonly Uint8Array[], pb: readonly Uint8Array[]): void {
  for (const [index, piece] of pieces.entries()) {
    const lines = json[index] ?? new Uint8Array()
    const messages = pb[index] ?? new Uint8Array()
    for (const ticks of [objectsOf('json', lines), objectsOf('pb', messages)]) deepStrictEqual(ticks, piece)
    for (const [backend, block] of [['json', lines] as const, ['pb', messages] as const]) {
      const columns = columnsOf(backend, block)
      for (let row = 0; row < piece.length; row += 97) deepStrictEqual(tickOfRow(columns, row), piece[row])
    }
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

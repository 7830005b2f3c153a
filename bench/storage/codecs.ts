import { deepStrictEqual } from 'node:assert'
import type { TickMessage } from '@ib-stream/model'
import { decodeTicksProto, encodeTickJson, encodeTickProto, encodeTicksJson, encodeTicksProto, tickOfRow } from '@ib-stream/storage'
import protobuf from 'protobufjs'
import { formatOf } from '../../libs/storage/src/codec/block-reader.ts'
import { ColumnBuffer } from '../../libs/storage/src/codec/columns.ts'
import { TickMessageType } from '../../libs/storage/src/codec/proto-generic.ts'
import { type Figure, figureOf, secondsOf, timed } from './figure.ts'

const BLOCK_TICKS = 4_000

/** Ticks in a CPU second of encoders and decoders, and how many times as fast as another way of the same round. */
export async function codecFigures(day: string, ticks: readonly TickMessage[], rounds: number): Promise<Figure[]> {
  const pieces: (readonly TickMessage[])[] = []
  for (let at = 0; at < ticks.length; at += BLOCK_TICKS) pieces.push(ticks.slice(at, at + BLOCK_TICKS))
  const json = pieces.map((piece) => encodeTicksJson(piece))
  const pb = pieces.map((piece) => encodeTicksProto(piece))
  verify(pieces, json, pb)
  const runs: Record<string, () => number> = {
    'JSON.stringify': () => each(pieces, (piece) => Buffer.from(linesOf(piece, JSON.stringify))),
    'encode JSON': () => each(pieces, encodeTicksJson),
    'encode JSON, each line as text': () => each(pieces, (piece) => linesOf(piece, encodeTickJson)),
    'protobufjs encode': () => each(pieces, (piece) => piece.map((tick) => TickMessageType.encodeDelimited(tick).finish())),
    'encode pb': () => each(pieces, encodeTicksProto),
    'encode pb, each record': () => each(pieces, (piece) => piece.map(encodeTickProto)),
    'JSON.parse each line': () => each(json, parsed),
    'json to objects': () => each(json, (block) => objectsOf('json', block)),
    'json to columns': () => each(json, (block) => columnsOf('json', block)),
    'protobufjs decode': () => each(pb, protobufjsOf),
    'pb to objects': () => each(pb, (block) => decodeTicksProto(block)),
    'pb to columns': () => each(pb, (block) => columnsOf('pb', block)),
  }
  const seconds = await secondsOf(runs, rounds)
  const of = (name: string) => seconds.get(name) ?? []
  const speeds = Object.keys(runs).map((name) =>
    figureOf(
      `${day}: ${name}`,
      'ticks/CPU s',
      of(name).map((took) => ticks.length / took),
    ),
  )
  const ratios = MUST.map(([name, than, atLeast]) => {
    const rivals = of(than)
    const times = of(name).map((took, round) => (rivals[round] ?? Number.NaN) / took)
    return figureOf(`${day}: ${name} against ${than}`, '×', times, { atLeast })
  })
  return [...speeds, ...ratios]
}

const MUST = [
  ['json to columns', 'JSON.parse each line', 3],
  ['pb to columns', 'protobufjs decode', 2],
  ['encode JSON', 'JSON.stringify', 1.5],
  ['encode pb', 'protobufjs encode', 1],
] as const

function linesOf(piece: readonly TickMessage[], line: (tick: TickMessage) => string): string {
  return piece.map((tick) => `${line(tick)}\n`).join('')
}

function parsed(block: Uint8Array): unknown[] {
  const lines = Buffer.from(block.buffer, block.byteOffset, block.length).toString('utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}

/** CPU seconds for all pieces. */
function each<Piece>(pieces: readonly Piece[], work: (piece: Piece) => unknown): number {
  return timed(() => {
    for (const piece of pieces) work(piece)
  })
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

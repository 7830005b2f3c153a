import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { codeOf, FIELDS, type TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { decodeRecordProto, decodeTicksProto, encodeTickProto, encodeTicksProto, viewOf } from '../../src/codec/proto.ts'
import { decodeRecordProtoGeneric, encodeTickProtoGeneric, TickMessageType } from '../../src/codec/proto-generic.ts'
import { arbitraryTick } from '../arbitrary-tick.ts'

const PRINTED: TickMessage = {
  ts: 1753837634000000,
  st: 1753837634777542,
  cid: 711280073,
  tt: 'bid_ask',
  rid: 1248241088,
  bp: 23477.5,
  bs: 6,
  ap: 23478,
  as: 5,
}

function answerOf(decode: () => unknown): unknown {
  try {
    return decode()
  } catch (error) {
    return { code: codeOf(error) }
  }
}

const withoutLength = (record: Uint8Array): Uint8Array => record.subarray((record[0] ?? 0) < 0x80 ? 1 : 2)

describe('protobuf records', () => {
  it('spell the tick of the format page in its 76 bytes and a length', () => {
    const record = encodeTickProto(PRINTED)
    expect(record).toHaveLength(76)
    expect(record[0]).toBe(75)
    expect(decodeTicksProto(record)).toEqual({ ticks: [PRINTED], consumed: record.length })
  })

  it('have the fields of proto/tick_message.proto, which has those of the table', () => {
    const { root } = protobuf.parse(readFileSync(resolve(__dirname, '../../../../proto/tick_message.proto'), 'utf8'), { keepCase: true })
    const schema = root.lookupType('ib_stream.v3.TickMessage')
    const shown = ({ name, id, type }: protobuf.Field) => ({ name, id, type })
    expect(TickMessageType.fieldsArray.map(shown)).toEqual(schema.fieldsArray.map(shown))
    expect(schema.fieldsArray.filter((field) => field.options?.proto3_optional).map(({ name }) => name)).toEqual(
      FIELDS.filter(({ optional }) => optional).map(({ key }) => key),
    )
  })

  it('property: the fast encoder writes the bytes of its twin', () => {
    fc.assert(
      fc.property(arbitraryTick, (tick) => expect([...encodeTickProto(tick)]).toEqual([...encodeTickProtoGeneric(tick)])),
      { numRuns: 2000 },
    )
  })

  it('property: many ticks at once are their records, and stay so while others are made', () => {
    const text = fc.oneof(fc.constantFrom('CME', ''), fc.string({ maxLength: 3_000 }))
    const trade = fc
      .tuple(arbitraryTick, text)
      .map(([tick, ex]): TickMessage => (tick.tt === 'bid_ask' || tick.tt === 'mid_point' ? tick : { ...tick, ex }))
    const twins = (ticks: readonly TickMessage[]) => Buffer.concat(ticks.map((tick) => encodeTickProtoGeneric(tick)))
    fc.assert(
      fc.property(fc.array(fc.array(trade, { maxLength: 40 }), { maxLength: 4 }), fc.constantFrom(1, 30), (batches, times) => {
        const many = batches.map((ticks) => Array.from({ length: times }, () => ticks).flat()) // thirty times: more than one slab
        const made = many.map(encodeTicksProto)
        for (const [n, ticks] of many.entries()) expect(Buffer.compare(made[n] ?? Buffer.of(), twins(ticks))).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  it('property: a tick comes back as it was, from both decoders', () => {
    fc.assert(
      fc.property(arbitraryTick, (tick) => {
        const record = encodeTickProto(tick)
        expect(decodeTicksProto(record)).toEqual({ ticks: [tick], consumed: record.length })
        expect(decodeRecordProtoGeneric(withoutLength(record))).toEqual(tick)
      }),
      { numRuns: 2000 },
    )
  })

  it('property: bytes changed anywhere have the same answer from both decoders', () => {
    fc.assert(
      fc.property(arbitraryTick, fc.nat(200), fc.uint8Array({ maxLength: 3 }), fc.nat(3), (tick, at, put, drop) => {
        const record = withoutLength(encodeTickProto(tick))
        const place = at % (record.length + 1)
        const odd = Uint8Array.from([...record.subarray(0, place), ...put, ...record.subarray(place + drop)])
        expect(answerOf(() => decodeRecordProto(odd, viewOf(odd), 0, odd.length))).toEqual(answerOf(() => decodeRecordProtoGeneric(odd)))
      }),
      { numRuns: 5000 },
    )
  })

  it('property: a file cut at any byte gives its whole records and leaves the torn one', () => {
    fc.assert(
      fc.property(fc.array(arbitraryTick, { minLength: 1, maxLength: 5 }), fc.nat(), (ticks, cut) => {
        const records = ticks.map((tick) => encodeTickProto(tick))
        const all = Buffer.concat(records)
        const bytes = all.subarray(0, cut % (all.length + 1))
        let whole = 0
        let consumed = 0
        for (const record of records) {
          if (consumed + record.length > bytes.length) break
          consumed += record.length
          whole++
        }
        expect(decodeTicksProto(bytes)).toEqual({ ticks: ticks.slice(0, whole), consumed })
      }),
    )
  })

  it('keep earlier records while later ones are made', () => {
    const ticks = Array.from({ length: 3000 }, (_, n) => ({ ...PRINTED, st: PRINTED.st + n }))
    const records = ticks.map((tick) => encodeTickProto(tick))
    expect(decodeTicksProto(Buffer.concat(records)).ticks).toEqual(ticks)
  })

  it('take the last of a field that stands twice, as protobuf has it, in both decoders', () => {
    const record = withoutLength(encodeTickProto(PRINTED))
    const other = withoutLength(encodeTickProto({ ...PRINTED, ts: PRINTED.ts + 5, st: PRINTED.st + 7, bp: 1 }))
    const stamps = (bytes: Uint8Array) => bytes.subarray(0, 18) // two tags and two varints of eight bytes
    for (const odd of [
      Buffer.concat([stamps(record), other]),
      Buffer.concat([record, stamps(other)]),
      Buffer.concat([record, other]),
      Buffer.concat([record.subarray(0, 9), other.subarray(0, 9), record.subarray(9)]),
    ]) {
      const twin = decodeRecordProtoGeneric(odd)
      expect(twin.ts).toBe(PRINTED.ts + 5)
      expect(decodeRecordProto(odd, viewOf(odd), 0, odd.length)).toEqual(twin)
    }
  })

  it('refuse a field that v3 does not know, and bytes that are no records', () => {
    const record = encodeTickProto(PRINTED)
    const extended = Uint8Array.from([record.length + 2, ...record.subarray(1), 0xf8, 0x01, 7])
    expect(answerOf(() => decodeTicksProto(extended))).toEqual({ code: 'IBS_STORAGE_TICK_INVALID' })
    expect(answerOf(() => decodeTicksProto(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 1)))).toEqual({
      code: 'IBS_STORAGE_RECORD_TOO_LONG',
    })
  })
})

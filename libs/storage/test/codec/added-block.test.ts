import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { formatOf } from '../../src/codec/block-reader.ts'
import { decodeTickJson, encodeTickJson } from '../../src/codec/json.ts'
import { decodeTicksProto, encodeTickProto } from '../../src/codec/proto.ts'
import { addBackend, type Backend } from '../../src/layout/backend.ts'
import { arbitraryTick } from '../arbitrary-tick.ts'

// The forms of the engine, once more as if they were somebody's own.
const linesTwin = addBackend({
  name: 'linestwin',
  extension: 'jsonl',
  framing: 'lines',
  decode: (record) => decodeTickJson(Buffer.from(record).toString('utf8')),
})
const varintTwin = addBackend({
  name: 'varinttwin',
  extension: 'pb',
  framing: 'varint',
  decode(record) {
    const length = record.length < 128 ? [record.length] : [(record.length & 127) | 128, record.length >> 7]
    const [tick] = decodeTicksProto(Buffer.concat([Buffer.from(length), record])).ticks
    if (!tick) throw new Error('no tick')
    return tick
  },
})

function recordsOf(backend: Backend, bytes: Uint8Array) {
  const whole = formatOf(backend).wholeBytes(bytes)
  const reader = formatOf(backend).read(bytes.subarray(0, whole))
  const found = []
  while (reader.next()) found.push({ start: reader.start, end: reader.end, tick: reader.decode() })
  return { found, torn: bytes.length - whole }
}

describe('AddedBlock', () => {
  it('property: cuts and reads as the engine’s own readers do, also where the bytes end inside a record', () => {
    fc.assert(
      fc.property(fc.array(arbitraryTick, { maxLength: 8 }), fc.nat(40), (ticks, cut) => {
        const json = Buffer.from(ticks.map((tick) => `${encodeTickJson(tick)}\n`).join(''))
        const proto = Buffer.concat(ticks.map(encodeTickProto))
        for (const [own, twin, whole] of [['json', linesTwin, json] as const, ['pb', varintTwin, proto] as const]) {
          const bytes = whole.subarray(0, Math.max(0, whole.length - cut))
          expect(recordsOf(twin, bytes)).toEqual(recordsOf(own, bytes))
        }
      }),
    )
  })
})

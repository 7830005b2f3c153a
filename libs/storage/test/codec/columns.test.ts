import { codeOf, compareTicks, FIELDS, type TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import protobuf from 'protobufjs/light.js'
import { formatOf } from '../../src/codec/block-reader.ts'
import { ColumnBuffer, FIELD_BIT, type TickColumns } from '../../src/codec/columns.ts'
import { decodeTickJsonGeneric } from '../../src/codec/json-generic.ts'
import { JsonScanner } from '../../src/codec/json-scan.ts'
import { encodeTickJson, encodeTicksJson } from '../../src/codec/json-writer.ts'
import { encodeTickProto, viewOf } from '../../src/codec/proto.ts'
import { decodeRecordProtoGeneric } from '../../src/codec/proto-generic.ts'
import { scanRowProto } from '../../src/codec/proto-scan.ts'
import { recordAt } from '../../src/codec/split-varint.ts'
import { tickOfRow } from '../../src/codec/tick-of-row.ts'
import { StorageError } from '../../src/errors.ts'
import type { Backend } from '../../src/layout/backend.ts'
import { arbitraryTick, tickAt } from '../arbitrary-tick.ts'
import { dayOfTicks } from '../day-of-ticks.ts'

const BACKENDS = ['json', 'pb'] as const
/** Its stamps have eight bytes, and a second `st` before that of its line another value. */
const STAMPED: TickMessage = { ts: 1753837634000000, st: 1753837634777542, cid: 8314, tt: 'mid_point', rid: 0, mp: 0, bf: true }
const SECOND_STAMP = ',"st":1753837634777541'
const blockOf = (backend: Backend, ticks: readonly TickMessage[]): Uint8Array =>
  backend === 'json' ? encodeTicksJson(ticks) : Buffer.concat(ticks.map((tick) => encodeTickProto(tick)))

/** The scanner takes the last lines of a block another way, because it reads ahead: these stand behind those that a test is about. */
const AFTER = Array.from({ length: 12 }, (_, n) => tickAt(n, { ts: 1_753_884_000_000_000 }))

/** Every record of a block: its tick, or the error that it is. */
function byObjects(backend: Backend, block: Uint8Array): unknown[] {
  const found: unknown[] = []
  const records = formatOf(backend).read(block)
  while (records.next()) found.push(answerOf(() => records.decode()))
  return found
}

/** What the generic twins make of every record of a block, and the rule of files that no stamp stands twice with two values. */
function byTwin(backend: Backend, block: Uint8Array): unknown[] {
  if (backend === 'json') {
    const lines = Buffer.from(block).toString('utf8').split('\n').slice(0, -1)
    return lines.map((line) => answerOf(() => stampedOnce(decodeTickJsonGeneric(line), stampsOfLine(line))))
  }
  const found: unknown[] = []
  for (let at = 0; at < block.length; ) {
    const { start, end } = recordAt(block, at)
    const record = block.subarray(start, end)
    found.push(answerOf(() => stampedOnce(decodeRecordProtoGeneric(record), stampsOfRecord(record))))
    at = end
  }
  return found
}

/** The stamps that a record begins with, where it begins as we spell it. */
type Stamps = Pick<TickMessage, 'ts' | 'st'> | undefined

function stampsOfLine(line: string): Stamps {
  const [, ts, st] = /^\{"ts":([1-9]\d{15}),"st":([1-9]\d{15}),/.exec(line) ?? []
  return stampsOf(Number(ts), Number(st))
}

function stampsOfRecord(record: Uint8Array): Stamps {
  const reader = protobuf.Reader.create(record)
  const read = (tag: number): number => {
    if (record[reader.pos] !== tag) return Number.NaN
    const from = reader.skip(1).pos
    const value = Number(reader.uint64())
    return reader.pos - from <= 8 ? value : Number.NaN
  }
  return stampsOf(read(0x08), read(0x10))
}

const stampsOf = (ts: number, st: number): Stamps => (Number.isSafeInteger(ts) && Number.isSafeInteger(st) ? { ts, st } : undefined)

function stampedOnce(tick: TickMessage, first: Stamps): TickMessage {
  for (const field of ['ts', 'st'] as const) {
    if (first === undefined || first[field] === tick[field]) continue
    const facts = { field, value: `${first[field]}, then ${tick[field]}`, rule: 'stands once' }
    throw new StorageError('IBS_STORAGE_TICK_INVALID', 'stands twice', facts)
  }
  return tick
}

function byColumns(backend: Backend, block: Uint8Array): unknown[] {
  const found: unknown[] = []
  const columns = new ColumnBuffer(50)
  const records = formatOf(backend).read(block)
  for (let more = true; more; ) {
    const answer = answerOf(() => {
      more = records.nextInto(columns)
      return more ? tickOfRow(columns, columns.length - 1) : undefined
    })
    if (more) found.push(answer)
  }
  expect(columns.length).toBe(found.filter((answer) => !('code' in (answer as object))).length)
  expect(ticksOf(columns.rows(0, columns.length))).toEqual(found.filter((answer) => !('code' in (answer as object))))
  return found
}

function expectTwins(backend: Backend, block: Uint8Array): void {
  const wanted = byTwin(backend, block)
  expect(byColumns(backend, block)).toEqual(wanted)
  expect(byObjects(backend, block)).toEqual(wanted)
}

const ticksOf = (columns: TickColumns): TickMessage[] => Array.from({ length: columns.length }, (_, row) => tickOfRow(columns, row))

function answerOf(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return { code: codeOf(error), facts: (error as { facts: unknown }).facts }
  }
}

describe('columns', () => {
  it.each(BACKENDS)('property: of %s hold the ticks as the objects do', (backend) => {
    fc.assert(
      fc.property(fc.array(arbitraryTick, { maxLength: 8 }), (ticks) => {
        const block = blockOf(backend, [...ticks, ...AFTER])
        expect(byColumns(backend, block)).toEqual([...ticks, ...AFTER])
      }),
      { numRuns: 600 },
    )
  })

  it('property: of lines changed anywhere have the answers of the generic twin, and so have the objects', () => {
    const piece = fc.constantFrom(
      '1',
      '0',
      '-',
      '.',
      '.5',
      'e9',
      'E',
      '"',
      ',',
      ':',
      '}',
      '\\',
      'é',
      '\n',
      '\r',
      ' ',
      'true',
      '{"ts":',
      ',"bp":1',
      ',"st":',
      SECOND_STAMP,
      '',
    )
    fc.assert(
      fc.property(arbitraryTick, arbitraryTick, fc.nat(400), fc.nat(3), piece, (first, second, at, drop, put) => {
        const lines = `${encodeTickJson(first)}\n${encodeTickJson(second)}\n`
        const place = at % lines.length
        const block = Buffer.concat([
          Buffer.from(lines.slice(0, place) + put + lines.slice(place + drop)),
          Buffer.from('\n'),
          encodeTicksJson(AFTER),
        ])
        expectTwins('json', block)
      }),
      { numRuns: 2000, examples: [[STAMPED, STAMPED, '{"ts":1753837634000000'.length, 0, SECOND_STAMP]] },
    )
  })

  it('property: of records changed anywhere have the answers of the generic twin, and so have the objects', () => {
    fc.assert(
      fc.property(arbitraryTick, fc.nat(250), fc.uint8Array({ maxLength: 3 }), fc.nat(3), (tick, at, put, drop) => {
        const record = encodeTickProto(tick)
        const message = record.subarray((record[0] ?? 0) < 0x80 ? 1 : 2)
        const place = at % (message.length + 1)
        const odd = Buffer.concat([message.subarray(0, place), put, message.subarray(place + drop)])
        const length = odd.length < 0x80 ? [odd.length] : [(odd.length & 0x7f) | 0x80, odd.length >>> 7]
        const block = Buffer.concat([Uint8Array.from(length), odd, ...AFTER.map((one) => encodeTickProto(one))])
        expectTwins('pb', block)
      }),
      // bytes after the tag of `st`: 0 is its first value, 16 the tag again
      { numRuns: 2000, examples: [[STAMPED, encodeTickProto(STAMPED).indexOf(0x10, 9), Uint8Array.of(0, 0x10), 0]] },
    )
  })

  const core = '"ts":1753837634000000,"st":1753837634777542,"cid":8314'
  it.each([
    ['floats as Python writes them', `{${core},"tt":"bid_ask","rid":0,"bp":23260.0,"bs":6.0}`],
    ['another order of keys', `{"mp":1,"rid":0,"tt":"mid_point",${core}}`],
    ['white space', ` { ${core} , "tt":"mid_point","mp":1,"rid":0} `],
    ['a carriage return', `{${core},"tt":"mid_point","rid":0,"mp":1}\r`],
    ['exponents', `{${core},"tt":"mid_point","rid":0,"mp":1.5e-7}`],
    ['an exponent after a whole number', `{${core},"tt":"mid_point","rid":0,"mp":15E2}`],
    ['huge and negative numbers', `{${core},"tt":"bid_ask","rid":2147483647,"bp":-1.7976931348623157e308,"ap":-0.5,"as":123456789012345}`],
    [
      'numbers of more digits than 32 bits hold',
      `{${core},"tt":"bid_ask","rid":0,"bp":9999999999.5,"bs":4294967296,"ap":0.1234567891,"as":999999999}`,
    ],
    ['doubled keys', `{${core},"tt":"mid_point","rid":0,"mp":1,"mp":2}`],
    ['an unknown field', `{${core},"tt":"mid_point","rid":0,"mp":1,"x":1}`],
    ['UTF-8 in exchange and conditions', `{${core},"tt":"last","rid":0,"p":1,"ex":"é–€","sc":"\\u00e9 \\"T\\""}`],
    ['a long text', `{${core},"tt":"last","rid":0,"p":1,"ex":"${'x'.repeat(3000)}","sc":""}`],
    ['a leading zero', `{${core},"tt":"mid_point","rid":0,"mp":01}`],
    ['a stamp beyond 2^53', `{"ts":1753837634000000,"st":9007199254740993,"cid":1,"tt":"mid_point","rid":0,"mp":1}`],
    ['a contract beyond 2^31', `{"ts":1753837634000000,"st":1753837634777542,"cid":2147483648,"tt":"mid_point","rid":0,"mp":1}`],
    ['an empty line', ''],
  ])('read %s as the generic twin does', (_, line) => {
    const block = Buffer.concat([Buffer.from(`${line}\n`), encodeTicksJson(AFTER)])
    expectTwins('json', block)
  })

  it('regression: a stamp that stands twice with two values is damage, where an answer would have missed the tick', () => {
    const tick: TickMessage = { ts: 1753837634000000, st: 1753837634777542, cid: 8314, tt: 'mid_point', rid: 0, mp: 1 }
    const message = encodeTickProto(tick).subarray(1)
    const later = encodeTickProto({ ...tick, ts: tick.ts + 5_000_000 }).subarray(1, 10) // its first field
    const blocks = {
      json: Buffer.from(`${encodeTickJson(tick).slice(0, -1)},"ts":${tick.ts + 5_000_000}}\n`),
      pb: Buffer.from([message.length + 9, ...message, ...later]),
    }
    for (const backend of BACKENDS) {
      const first = () => {
        const records = formatOf(backend).read(blocks[backend])
        records.next()
        return records
      }
      const ways = [
        () => first().decode(),
        () => first().appendTo(new ColumnBuffer(1)),
        () => formatOf(backend).read(blocks[backend]).nextInto(new ColumnBuffer(1)),
      ]
      for (const way of ways) expect(way).toThrow('ts stands twice in one record, as 1753837634000000 and as 1753837639000000')
    }
  })

  it('are scanned from bytes where lines and records are spelled as we spell them', () => {
    const columns = new ColumnBuffer(2)
    const lines = encodeTicksJson(AFTER)
    expect(new JsonScanner(lines).rowAt(0, columns)).toBe(true)
    const record = encodeTickProto(AFTER[1] as TickMessage)
    expect(scanRowProto(record, viewOf(record), 1, record.length, columns)).toBe(true)
    expect(ticksOf(columns)).toEqual(AFTER.slice(0, 2))
  })

  it('of a day are its ticks, in both formats and from both decoders', () => {
    const ticks = dayOfTicks()
    for (const backend of BACKENDS) {
      const block = blockOf(backend, ticks)
      const records = formatOf(backend).read(block)
      const columns = new ColumnBuffer(ticks.length)
      while (records.nextInto(columns));
      expect(columns.length).toBe(ticks.length)
      expect(ticks.findIndex((tick, row) => !isSame(tick, tickOfRow(columns, row)))).toBe(-1)
      const objects = byObjects(backend, block)
      expect(ticks.findIndex((tick, n) => !isSame(tick, objects[n] as TickMessage))).toBe(-1)
    }
  })

  it('say by bits what a tick carries, and NaN or undefined for what it does not', () => {
    const columns = new ColumnBuffer(4)
    columns.push(tickAt(1, { ts: 1e15, tt: 'last' }))
    columns.push({ ts: 1e15, st: 1e15, cid: 1, tt: 'bid_ask', rid: 0, ap: 0, bpl: true })
    const { fields, p, bp, ap, as, ex } = columns.rows(0, 2)
    expect(fields[1]).toBe(FIELD_BIT.ts | FIELD_BIT.st | FIELD_BIT.cid | FIELD_BIT.tt | FIELD_BIT.rid | FIELD_BIT.ap | FIELD_BIT.bpl)
    expect([p[1], bp[1], ap[1], as[1], ex[1], ex[0]]).toEqual([Number.NaN, Number.NaN, 0, Number.NaN, undefined, 'ARCA'])
    expect(Object.keys(FIELD_BIT)).toEqual(FIELDS.map(({ key }) => key))
  })

  it('forget a row that is taken back', () => {
    const columns = new ColumnBuffer(2)
    columns.push(tickAt(1, { ts: 1e15, tt: 'last' }))
    columns.pop()
    const quote = tickAt(2, { ts: 1e15 })
    columns.push(quote)
    expect(ticksOf(columns.rows(0, 1))).toEqual([quote])
    expect([columns.p[0], columns.ex[0]]).toEqual([Number.NaN, undefined])
  })
})

const isSame = (a: TickMessage, b: TickMessage): boolean => compareTicks(a, b) === 0 && JSON.stringify(a) === JSON.stringify(b)

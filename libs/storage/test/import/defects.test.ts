import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { compareTicks, type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { encodeTickJson, encodeTickProto, type ImportFault, importTicks, openRange } from '../../src/index.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { littleEndian, olderV3Line, olderV3Message, printedV2Line, v2Message, writeSource, writtenV2Line } from './old-recordings.ts'

const HOUR = Date.UTC(2025, 6, 30, 14) * 1_000
const CID = 265598

const trades: TickMessage[] = Array.from({ length: 40 }, (_, n) => ({
  ts: HOUR + n * US_PER_SECOND,
  st: HOUR + n * US_PER_SECOND + 77_542,
  cid: CID,
  tt: 'last',
  rid: 4711,
  p: 200 + n / 100,
  s: n,
}))
const at = (n: number): TickMessage => trades[n] as TickMessage

/** Imports one file and gives its faults, without the path, and what is in the files then. */
async function imported(name: string, parts: readonly (string | Uint8Array)[], zone?: string) {
  await using dir = await temporaryDataDir()
  const to = join(dir.dataDir, 'data')
  const source = await writeSource(join(dir.dataDir, 'old', name), parts)
  const faults: Omit<ImportFault, 'path'>[] = []
  const report = await importTicks({
    sources: [source],
    to,
    ...(zone === undefined ? {} : { zone }),
    onFault: ({ path, ...fault }) => {
      if (fault.ticks === undefined) expect(path).toBe(source)
      faults.push(fault)
    },
  })
  await using range = await openRange({
    dataDir: to,
    cids: [CID],
    tts: ['last', 'bid_ask', 'mid_point', 'all_last'],
    startUs: 0,
    endUs: 2 * HOUR,
  })
  const ticks: TickMessage[] = []
  for await (const batch of range.batches()) ticks.push(...batch)
  return { ticks, faults, report }
}

describe('lines', () => {
  it('each that cannot be turned is listed with its number and why; all others come out', async () => {
    const bad = [
      'no json at all\n',
      '{"ts":1753884000000000,"st":1753884000000001,"cid":0,"tt":"last","rid":1,"p":5}\n',
      `${olderV3Line(at(0)).trim().slice(0, -1)},"zz":1}\n`,
      '[1,2]\n',
      '{"ts":1753884000000,"st":1753884000000001,"cid":265598,"tt":"last","rid":1,"p":5}\n',
      '{"type":"tick","stream_id":"x","timestamp":"2025-07-30T14:00:00Z","data":{"price":5.0}}\n',
      '{"type":"tick","stream_id":"bg_265598_last","timestamp":"yesterday","data":{"price":5.0}}\n',
      '{"type":"tick","stream_id":"bg_265598_last","timestamp":"2025-07-30T14:00:00Z","data":{"price":null,"unix_time":1753884000}}\n',
      '{"type":"tick","stream_id":"bg_265598_last","timestamp":"2025-07-30T14:00:00Z","data":{"price":5.0,"contract_id":8314}}\n',
    ]
    const { ticks, faults } = await imported('a.jsonl', [olderV3Line(at(0)), ...bad, olderV3Line(at(1))])
    expect(ticks).toEqual([at(0), at(1)])
    expect(faults.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(faults.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('no JSON'),
      expect.stringContaining('field cid is 0'),
      expect.stringContaining('field zz is 1'),
      expect.stringContaining('no JSON object'),
      expect.stringContaining('not before 1990'),
      expect.stringContaining('no contract id'),
      expect.stringContaining('timestamp "yesterday" is no time'),
      expect.stringContaining('field p'),
      expect.stringContaining('two contracts: 8314 and 265598'),
    ])
  })

  it('regression: a record written behind half a line is kept, the half is listed', async () => {
    const half = olderV3Line(at(1)).slice(0, 60)
    const { ticks, faults } = await imported('a.jsonl', [
      olderV3Line(at(0)),
      half,
      olderV3Line(at(2)),
      writtenV2Line(at(3)).slice(0, 99),
      writtenV2Line(at(4)),
    ])
    expect(ticks.map(({ ts }) => ts)).toEqual([at(0), at(2)].map(({ ts }) => ts)) // v2 lines of the hour: another form, one is taken
    expect(faults.filter(({ line }) => line !== undefined).map(({ line }) => line)).toEqual([2, 3])
  })

  it('blank lines, CRLF, a byte order mark and a missing last newline are no defects', async () => {
    const lines = trades.slice(0, 5).map((tick) => olderV3Line(tick).replace('\n', '\r\n'))
    const { ticks, faults } = await imported('a.jsonl', ['\uFEFF', ...lines.slice(0, 4), '\r\n\n  \n', (lines[4] ?? '').trim()])
    expect(ticks).toEqual(trades.slice(0, 5))
    expect(faults).toEqual([])
  })

  it('bytes that are not UTF-8, zeroes of a power cut and a line of megabytes cost what they cover', async () => {
    const { ticks, faults } = await imported('a.jsonl', [
      olderV3Line(at(0)),
      Buffer.from([0x7b, 0xff, 0xfe, 0x0a]),
      new Uint8Array(5_000),
      olderV3Line(at(1)),
      'x'.repeat(3_000_000),
      '\n',
      olderV3Line(at(2)),
    ])
    expect(ticks).toEqual(trades.slice(0, 3))
    expect(faults.map(({ line }) => line)).toEqual([2, 3, 4])
    expect(faults[2]?.reason).toContain('3000000 bytes')
  })

  it('NaN and Infinity are no value, as is the largest double; what must have one is listed', async () => {
    const quote: TickMessage = { ts: HOUR, st: HOUR + 5, cid: CID, tt: 'bid_ask', rid: 1, bp: 5, bs: 1, ap: 6, as: 2 }
    const { ticks, faults } = await imported('a.jsonl', [
      writtenV2Line(quote, { bid_size: 'NaN', ask_size: 'Infinity', bid_price: '1.7976931348623157e+308' }),
      writtenV2Line(quote, { bid_price: 'NaN', ask_price: 'null' }),
    ])
    expect(ticks).toEqual([{ ts: HOUR, st: HOUR + 5, cid: CID, tt: 'bid_ask', rid: 1, ap: 6 }])
    expect(faults).toHaveLength(1)
  })

  it('messages that are whole but no ticks are counted, not listed', async () => {
    const info = '{"type":"info","stream_id":"bg_265598_last","timestamp":"2025-07-30T14:00:00Z","data":{"status":"subscribed"}}\n'
    const event = '{"kind":"gap","st":1753884000000000,"epoch":1}\n'
    const { report, faults } = await imported('a.jsonl', [info, event, olderV3Line(at(0))])
    expect(report).toMatchObject({ others: 2, ticks: 1 })
    expect(faults).toEqual([])
  })

  it.each([
    ['cut', (packed: Buffer) => packed.subarray(0, packed.length - 400)],
    ['with a flipped bit', (packed: Buffer) => packed.map((byte, i) => (i === packed.length - 300 ? byte ^ 0x10 : byte))],
  ])('a packed file %s gives what comes before', async (_, spoil) => {
    const many = Array.from(
      { length: 3_000 },
      (_, n): TickMessage => ({ ...at(0), st: HOUR + n * 1_003, p: n * 7.31, rid: n }) as TickMessage,
    )
    const { ticks, faults } = await imported('a.jsonl.gz', [spoil(gzipSync(many.map((tick) => `${encodeTickJson(tick)}\n`).join('')))])
    expect(ticks.length).toBeGreaterThan(1_500)
    expect(ticks).toEqual(many.slice(0, ticks.length))
    expect(faults.at(-1)?.reason).toContain('gzip')
  })
})

describe('messages', () => {
  const framings = [
    ['as this system writes', encodeTickProto],
    ['older v3', olderV3Message],
    ['v2', (tick: TickMessage) => v2Message(tick)],
  ] as const

  it.each(framings)('%s: after a torn one in the middle all later ones come out', async (_, encode) => {
    const torn = encode(at(5)).slice(0, -7)
    const parts = [...trades.slice(0, 5).map(encode), torn, ...trades.slice(6).map(encode)]
    const { ticks, faults } = await imported('a.pb', parts)
    expect(ticks).toEqual(trades.filter((_, n) => n !== 5))
    expect(faults).toEqual([
      { offsetBytes: Buffer.concat(parts.slice(0, 5)).length, reason: expect.stringContaining(`(${torn.length} bytes)`) },
    ])
  })

  it.each(framings)('%s: zeroes at the beginning, rubbish in the middle and a torn end cost what they cover', async (_, encode) => {
    const rubbish = Buffer.from(Array.from({ length: 999 }, (_, n) => (n * 7919 + 13) % 256))
    const parts = [
      new Uint8Array(300),
      ...trades.slice(0, 9).map(encode),
      rubbish,
      ...trades.slice(9).map(encode),
      encode(at(0)).slice(0, 20),
    ]
    const { ticks, faults } = await imported('a.pb', parts)
    expect(ticks).toEqual(trades)
    expect(faults.map(({ offsetBytes }) => offsetBytes)).toEqual([
      0,
      Buffer.concat(parts.slice(0, 10)).length,
      Buffer.concat(parts.slice(0, -1)).length,
    ])
    expect(faults[2]?.reason).toContain('ends inside a message')
  })

  it('a message that breaks a rule is listed by itself; messages that are no ticks are counted', async () => {
    const nobody = littleEndian({ type: 'tick', stream_id: 'x', timestamp: { seconds: HOUR / US_PER_SECOND }, tick: { price: 5 } })
    const info = littleEndian({ type: 'info', stream_id: 'bg_1_last', timestamp: { seconds: HOUR / US_PER_SECOND } })
    const { ticks, faults, report } = await imported('a.pb', [v2Message(at(0)), nobody, info, v2Message(at(1))])
    expect(ticks).toEqual([at(0), at(1)])
    expect(report.others).toBe(1)
    expect(faults).toEqual([{ offsetBytes: v2Message(at(0)).length, reason: expect.stringContaining('no contract id') }])
  })

  it('a file of no known framing is listed whole', async () => {
    const { ticks, faults } = await imported('a.pb', [Buffer.alloc(70_000, 0xee)])
    expect(ticks).toEqual([])
    expect(faults).toEqual([{ offsetBytes: 0, reason: expect.stringContaining('70000 bytes') }])
  })

  it('property: whatever is cut out of a file, what is left whole before and after it comes out', async () => {
    const encoders = [encodeTickProto, olderV3Message, (tick: TickMessage) => v2Message(tick)]
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...encoders), fc.nat(3_000), fc.integer({ min: 1, max: 400 }), async (encode, from, length) => {
        const records = trades.map(encode)
        const whole = Buffer.concat(records)
        const to = Math.min(whole.length, from + length)
        const { ticks } = await imported('a.pb', [whole.subarray(0, from), whole.subarray(to)])
        let end = 0
        const intact = trades.filter((_, n) => {
          const start = end
          end += records[n]?.length ?? 0
          return end <= from || start >= to
        })
        expect(ticks.filter((tick) => intact.some((one) => one.st === tick.st))).toEqual(intact)
      }),
      { numRuns: 25 },
    )
  })
})

describe('times', () => {
  it('a local time without zone is the zone that fits beside unix_time', async () => {
    const line = printedV2Line(at(3)).replace(/"timestamp":"[^"]*Z"/, '"timestamp":"2025-07-30T09:00:03.077542"')
    const { ticks, faults } = await imported('a.jsonl', [line])
    expect(faults).toEqual([])
    expect(ticks).toEqual([at(3)])
  })

  it('without any time that has a zone it must be named', async () => {
    const line = printedV2Line(at(3), { unix_time: undefined, timestamp: '"2025-07-30 09:00:03"' }).replace(
      /"timestamp":"[^"]*Z"/,
      '"timestamp":"2025-07-30T09:00:03.077542"',
    )
    const without = await imported('a.jsonl', [line])
    expect(without.faults).toEqual([{ line: 1, reason: expect.stringContaining('--zone') }])
    expect((await imported('a.jsonl', [line], 'America/Chicago')).ticks).toEqual([at(3)])
  })

  it.each(['1753884003', '1753884003.0', '1753884003000', '1753884003000000', '"1753884003"'])('unix_time %s', async (text) => {
    expect((await imported('a.jsonl', [writtenV2Line(at(3), { unix_time: text })])).ticks).toEqual([at(3)])
  })
})

it.each(['midpoint', 'mid_point', 'mid_price'])('the mid point is read from %s', async (name) => {
  const tick: TickMessage = { ts: HOUR, st: HOUR + 5, cid: CID, tt: 'mid_point', rid: 1, mp: 5.5 }
  const line = writtenV2Line(tick, { midpoint: undefined, [name]: '5.5' })
  expect((await imported('a.jsonl', [line])).ticks).toEqual([tick])
})

it('trades are told from quotes by any spelling of the tick type, wherever it stands', async () => {
  const bare = (tt: string) =>
    `{"type":"tick","stream_id":"s","timestamp":"2025-07-30T14:00:00.000005Z","data":{"contract_id":265598,"tick_type":"${tt}","price":"5.0","size":1.0}}\n`
  const { ticks, faults } = await imported('a.jsonl', ['Last', 'AllLast', 'last', 'all_last'].map(bare))
  expect(faults).toEqual([])
  expect(ticks.map(({ tt }) => tt).sort(compare)).toEqual(['all_last', 'all_last', 'last', 'last'])
  expect(ticks.toSorted(compareTicks)).toEqual(ticks)

  function compare(a: string, b: string): number {
    return a < b ? -1 : 1
  }
})

import { describe, expect, it } from '@jest/globals'
import { EventName, IBApi } from '@stoqey/ib'
import fc from 'fast-check'
import { FrameReader } from '../../src/connection/frame-reader.ts'
import { frame, lengthFirst } from '../gateway-proxy.ts'

/** A library that is fed by hand; what it says of itself, and every frame that came by. */
function library(): { frames: string[][]; said: string[]; read(bytes: Buffer): void } {
  const api = new IBApi({ host: '127.0.0.1', port: 1, clientId: 1, maxReqPerSec: 1_000 })
  const { socket } = (api as unknown as { controller: { socket: { onData(bytes: Buffer): void } } }).controller
  const frames: string[][] = []
  const said: string[] = []
  api.on(EventName.received, (fields: string[]) => frames.push(fields))
  for (const event of [EventName.info, EventName.error, EventName.currentTime, EventName.nextValidId, EventName.contractDetailsEnd])
    api.on(event as EventName.info, (...args: unknown[]) => said.push(`${event} ${args.map(String).join(' | ')}`))
  return { frames, said, read: (bytes) => socket.onData(bytes) }
}

/** The same bytes through the library alone, and through our reader with the library behind it. */
function both(bytes: Buffer, cuts: readonly number[]): { alone: ReturnType<typeof library>; behind: ReturnType<typeof library> } {
  const alone = library()
  const behind = library()
  const reader = new FrameReader({ tick: (fields) => behind.frames.push([...fields]), other: behind.read })
  const ends = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b)
  let from = 0
  for (const end of [...ends, bytes.length]) {
    const piece = bytes.subarray(from, end)
    alone.read(piece)
    reader.push(piece)
    from = end
  }
  return { alone, behind }
}

const number = fc.oneof(
  fc.constantFrom('', '0', '-1', '0.0', '23477.25', '1.7976931348623157E308', '1e-7', '1,000', 'x'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
)
const text = fc.oneof(
  fc.constantFrom('', 'NASDAQ', 'FT I', 'größe', '\u{1F4C8}'),
  fc.string({ unit: 'binary', maxLength: 12 }).map((s) => s.replaceAll('\0', '')),
)
const id = fc.integer({ min: -1, max: 2 ** 31 - 1 })
const time = fc.integer({ min: 0, max: 2 ** 31 })
const mask = fc.integer({ min: 0, max: 3 })

const tick = fc.oneof(
  fc.tuple(id, fc.constantFrom(1, 2), time, number, number, mask, text, text),
  fc.tuple(id, fc.constant(3), time, number, number, number, number, mask),
  fc.tuple(id, fc.constant(4), time, number),
)
/** Too few fields, too many, an unknown kind. */
const oddTick = fc.tuple(
  id,
  fc.constantFrom(0, 1, 2, 3, 4, 5, ''),
  fc.array(text, { maxLength: 9 }).map((fields) => fields.join('\0')),
)
const other = fc.oneof(
  fc.tuple(fc.constant(4), fc.constant(2), id, fc.integer({ min: 100, max: 2200 }), text, fc.constant('')),
  fc.tuple(fc.constant(49), fc.constant(1), time),
  fc.tuple(fc.constant(9), fc.constant(1), id),
  fc.tuple(fc.constant(52), fc.constant(1), id),
  fc.tuple(fc.constantFrom(96, 97, 98), id, fc.constant(0), fc.constant(1)),
  fc.tuple(fc.constantFrom(990, 9, 199), id, text),
  fc.tuple(text),
)
const frames = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: tick.map((fields) => frame(99, ...fields)) },
    { weight: 1, arbitrary: oddTick.map((fields) => frame(99, ...fields)) },
    { weight: 2, arbitrary: other.map((fields) => frame(...fields)) },
  ),
  { minLength: 1, maxLength: 30 },
)

describe('FrameReader', () => {
  it('property: gives the fields of every frame, and leaves all to the library that this has a word about, as if it stood alone', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 20 }), (sent, cuts) => {
        const { alone, behind } = both(Buffer.concat([frame(193, '20260101 10:00:00 UTC'), ...sent]), cuts)
        expect(behind.frames).toEqual(alone.frames)
        expect(behind.said).toEqual(alone.said)
      }),
      { numRuns: 400 },
    )
  })

  it('keeps ticks from the library, which is the point of it', () => {
    const given: Buffer[] = []
    const reader = new FrameReader({ tick: () => undefined, other: (bytes) => given.push(bytes) })
    reader.push(
      Buffer.concat([frame(99, 1, 3, 1_753_837_634, 1, 2, 1, 1, 0), frame(49, 1, 1_753_837_634), frame(99, 1, 4, 1_753_837_634, 1.5)]),
    )
    expect(given).toEqual([frame(49, 1, 1_753_837_634)])
  })

  it('takes a message of megabytes in small pieces without copying it again for each', () => {
    const large = frame(4, 'x'.repeat(8 * 2 ** 20))
    const given: number[] = []
    const reader = new FrameReader({ tick: () => undefined, other: (bytes) => given.push(bytes.length) })
    const startedMs = performance.now()
    for (let at = 0; at < large.length; at += 1_024) reader.push(large.subarray(at, at + 1_024))
    expect(given).toEqual([large.length])
    expect(performance.now() - startedMs).toBeLessThan(2_000) // 8,192 copies of 4 MB on average would take ten times as long
  })

  it.each([
    ['a length below zero', lengthFirst(-4, Buffer.alloc(8))],
    ['no length at all', lengthFirst(0, Buffer.alloc(0))],
    ['a length beyond every message, at once', lengthFirst(0x7fffffff, Buffer.alloc(0))],
    ['a field that is not ended', lengthFirst(4, Buffer.from('99\0x'))],
  ])('refuses %s', (_, bytes) => {
    const reader = new FrameReader({ tick: () => undefined, other: () => undefined })
    expect(() => reader.push(bytes)).toThrow(/a frame/)
  })
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash31, type TickType } from '@ib-stream/model'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { OpenGap } from '../src/gaps/gap-tracker.ts'
import { StateFile } from '../src/state-file.ts'
import { type RememberedStream, StreamMemory } from '../src/stream-memory.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ibs-memory-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const stream = (tt: TickType, fromUs?: number): RememberedStream => {
  const gap: OpenGap | undefined = fromUs === undefined ? undefined : { fromUs, cause: 'connectivity_lost', reason: 'cut off', code: 1100 }
  return { cid: 8314, tt, rid: hash31(8314, tt), symbol: 'IBM', tracked: true, gap }
}

/** A memory whose spool takes nothing until it is told to, and what the next start would find. */
function memoryIn(folder: string) {
  const path = join(folder, 'streams.json')
  let spooled = Promise.withResolvers<void>()
  const memory = new StreamMemory(new StateFile(path), () => spooled.promise)
  return {
    found: () => new StreamMemory(new StateFile(path), async () => undefined).before.map(({ tt, gap }) => [tt, gap?.fromUs]),
    async keep(...streams: RememberedStream[]) {
      memory.keep(streams)
      await null // it is written at the end of the turn
    },
    async spool() {
      spooled.resolve()
      spooled = Promise.withResolvers()
      await new Promise(setImmediate)
    },
  }
}

describe('the memory of streams', () => {
  it.each([
    ['there is none', undefined],
    ['it is empty', ''],
    ['it is torn', '[{"cid":8314,"tt":"last","symbol":"IBM","tra'],
    ['it is garbage', '\0\0\0\0'],
    ['it is something else', '{"8314":"last"}'],
    ['a stream of it cannot be read', '[{"cid":8314,"tt":"last","symbol":"IBM","tracked":true},{"cid":8314}]'],
    ['a gap of it cannot be read', '[{"cid":8314,"tt":"last","symbol":"IBM","tracked":true,"gap":{"cause":"refused"}}]'],
  ])('regression: a run that left no word of its streams was taken for one without streams: %s', async (_, text) => {
    const path = join(folder, 'streams.json')
    if (text !== undefined) await writeFile(path, text)
    expect(new StreamMemory(new StateFile(path), async () => undefined).isWhole).toBe(false)
    await writeFile(path, '[{"cid":8314,"tt":"last","symbol":"IBM","tracked":true}]')
    expect(new StreamMemory(new StateFile(path), async () => undefined)).toMatchObject({ isWhole: true, before: [{ cid: 8314 }] })
  })

  it('keeps at once which streams there are, and that a gap begins', async () => {
    const { found, keep } = memoryIn(folder)
    expect(found()).toEqual([])
    await keep(stream('bid_ask'), stream('last'))
    await keep(stream('bid_ask', 10), stream('last'))
    expect(found()).toEqual([
      ['bid_ask', 10],
      ['last', undefined],
    ])
  })

  it('regression: a gap whose end was not in the spool yet when ingest was killed was missing at the next start too', async () => {
    const { found, keep, spool } = memoryIn(folder)
    await keep(stream('bid_ask', 10), stream('last', 10))
    await keep(stream('bid_ask'), stream('last', 10))
    expect(found()).toEqual([
      ['bid_ask', 10],
      ['last', 10],
    ])
    await spool()
    expect(found()).toEqual([
      ['bid_ask', undefined],
      ['last', 10],
    ])
  })

  it('a gap that begins before the end of the one before it is in the spool goes on from there', async () => {
    const { found, keep, spool } = memoryIn(folder)
    await keep(stream('last', 10))
    await keep(stream('last'))
    await keep(stream('last', 20))
    expect(found()).toEqual([['last', 10]])
    await spool()
    expect(found()).toEqual([['last', 20]])
  })

  it('knows a stream that nobody desires any more until the end of its gap is in the spool', async () => {
    const { found, keep, spool } = memoryIn(folder)
    await keep(stream('bid_ask'), stream('last', 10))
    await keep(stream('bid_ask'))
    expect(found()).toEqual([
      ['bid_ask', undefined],
      ['last', 10],
    ])
    await spool()
    expect(found()).toEqual([['bid_ask', undefined]])
  })
})

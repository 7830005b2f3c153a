import { setTimeout as wait } from 'node:timers/promises'
import { compareTicks, type GapEvent, type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { encodeTickJson } from '@ib-stream/storage'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseCursor } from '../src/cursor.ts'
import { type LiveHub, openLiveHub } from '../src/live-hub.ts'
import { openTape, type TapeItem, type TapeOptions } from '../src/open-tape.ts'
import { CIDS, DAY_US, market, openRecording, type Recording, randomFrom, TYPES, until } from './recording.ts'

const ONE = CIDS[0]
const stop = new AbortController()
const signal = stop.signal
let recording: Recording
let hub: LiveHub

beforeEach(async () => {
  recording = await openRecording()
  hub = await openLiveHub({ bus: recording.bus, signal })
})
afterEach(async () => {
  await hub.close()
  await recording[Symbol.asyncDispose]()
})
afterAll(() => stop.abort(new Error('the tests are over')))

const tape = (options: Partial<TapeOptions> = {}, of: LiveHub = hub) =>
  openTape({
    dataDir: recording.dataDir,
    bus: recording.bus,
    hub: of,
    cids: [ONE],
    tts: TYPES,
    startUs: 0,
    kinds: [],
    nowUs: () => DAY_US,
    signal,
    ...options,
  })

/** Reads until a condition holds. */
async function take(from: AsyncIterable<readonly TapeItem[]>, isEnough: (items: readonly TapeItem[]) => boolean): Promise<TapeItem[]> {
  const all: TapeItem[] = []
  for await (const batch of from) {
    for (const item of batch) {
      all.push(item)
      if (isEnough(all)) return all
    }
  }
  return all
}

const linesIn = (items: readonly TapeItem[]): string[] => items.flatMap((item) => (item.kind === 'tick' ? [item.line] : []))
const ticksUpTo = (count: number) => (items: readonly TapeItem[]) => linesIn(items).length >= count
const mineOf = (ticks: readonly TickMessage[]) => ticks.filter(({ cid }) => cid === ONE)

describe('history, then live', () => {
  test('property: clients that join at any time, with writers behind by any amount, get everything once; live comes in the order of arrival', async () => {
    const seed = 51
    const random = randomFrom(seed)
    // late by up to 40 minutes: query order and order of arrival differ, and closed hours are opened again
    const ticks = market(3_000, { seed, stepUs: 4 * US_PER_SECOND, lateUs: 2_400 * US_PER_SECOND })
    // the last one in both orders, so whoever has it and is live has everything
    const end = { ...(mineOf(ticks).at(-1) as TickMessage), ts: DAY_US + 20 * US_PER_HOUR, st: (ticks.at(-1)?.st ?? 0) + 1 }
    const mine = [...mineOf(ticks), end]
    const endLine = encodeTickJson(end)
    const clients: Promise<TapeItem[]>[] = []
    const join = () => {
      const startUs = random() < 0.5 ? 0 : DAY_US + US_PER_HOUR
      const isDone = (items: readonly TapeItem[]) => {
        const last = items.at(-1)
        return last?.kind === 'live'
          ? linesIn(items).at(-1) === endLine
          : last?.kind === 'tick' && last.line === endLine && items.some(({ kind }) => kind === 'live')
      }
      clients.push(take(tape({ startUs }), isDone))
    }
    for (let done = 0; done < ticks.length; ) {
      const next = Math.min(ticks.length, done + 1 + Math.floor(random() * 700))
      for (let i = 0; i < 4; i++) join()
      const publishing = recording.publish(ticks.slice(done, next)) // clients open their history while this goes on
      for (let i = 0; i < 4; i++) join()
      await publishing
      done = next
      const seq = (await recording.messages()).at(-1)?.seq ?? 0
      for (const backend of ['json', 'pb'] as const) if (random() < 0.6) await recording.write(backend, ONE, Math.floor(seq * random()))
    }
    await recording.publish([end])
    const arrival = new Map(mine.map((tick, place) => [encodeTickJson(tick), { place, tick }]))
    for (const items of await Promise.all(clients)) {
      const turn = items.findIndex(({ kind }) => kind === 'live')
      const [history, live] = [linesIn(items.slice(0, turn)), linesIn(items.slice(turn))]
      const placesOf = (lines: readonly string[]) => lines.map((line) => arrival.get(line)?.place ?? -1)
      expect(turn).toBeGreaterThanOrEqual(0)
      expect(new Set([...history, ...live]).size).toBe(history.length + live.length)
      expect(placesOf(live)).toEqual(placesOf(live).toSorted((a, b) => a - b))
      const inHistory = history.map((line) => arrival.get(line)?.tick as TickMessage)
      expect(inHistory).toEqual(inHistory.toSorted(compareTicks))
      // what had arrived when the history was opened is history, the rest live: a cut through the order of arrival
      const firstLive = placesOf(live)[0] ?? mine.length
      const startUs = Math.min(...inHistory.map(({ ts }) => ts), Number.MAX_SAFE_INTEGER) < DAY_US + US_PER_HOUR ? 0 : DAY_US + US_PER_HOUR
      const wanted = mine.filter(({ ts }, place) => place >= firstLive || ts >= startUs).map(encodeTickJson)
      expect([...history, ...live].toSorted()).toEqual(wanted.toSorted())
    }
  })

  test('property: cut anywhere and resumed by its cursor, in history, among late ticks and live, it is as if it had not been cut', async () => {
    const random = randomFrom(52)
    const ticks = market(1_200, { seed: 52, stepUs: 4 * US_PER_SECOND, lateUs: 2_400 * US_PER_SECOND })
    const mine = mineOf(ticks)
    await recording.publish(ticks.slice(0, 500))
    const clients = Array.from({ length: 20 }, () => ({ cursor: undefined as string | undefined, lines: [] as string[] }))
    const read = async (client: (typeof clients)[number], count: number) => {
      const after = client.cursor === undefined ? undefined : parseCursor(client.cursor)
      const items = await take(tape({ after }), ticksUpTo(count))
      const last = items.findLast(({ kind }) => kind === 'tick')
      if (last?.kind === 'tick') client.cursor = last.cursor
      client.lines.push(...linesIn(items))
    }
    for (const until of [500, 700, 900, 1_200]) {
      if (until > 500) await recording.publish(ticks.slice(until === 700 ? 500 : until === 900 ? 700 : 900, until))
      const seq = (await recording.messages()).at(-1)?.seq ?? 0
      await recording.write(random() < 0.5 ? 'json' : 'pb', ONE, Math.floor(seq * random()))
      await Promise.all(
        clients.map(async (client) => {
          for (let cut = 0; cut < 3; cut++) {
            const left = mineOf(ticks.slice(0, until)).length - client.lines.length
            if (left > 0) await read(client, 1 + Math.floor(random() * left))
          }
        }),
      )
    }
    await Promise.all(
      clients.map((client) => (client.lines.length < mine.length ? read(client, mine.length - client.lines.length) : undefined)),
    )
    for (const { lines } of clients) {
      expect(new Set(lines).size).toBe(lines.length)
      expect(lines.toSorted()).toEqual(mine.map(encodeTickJson).toSorted())
    }
  })

  test('a client that joins an empty log gets all of it', async () => {
    const lines = take(tape({ cids: CIDS }), ticksUpTo(20))
    const ticks = market(20, { seed: 53 })
    await recording.publish(ticks)
    expect(linesIn(await lines).toSorted()).toEqual(ticks.map(encodeTickJson).toSorted())
  })
})

/** All that the log has is in files, and most of it nowhere else any more. */
async function writeAndTrim(): Promise<void> {
  const seq = (await recording.messages()).at(-1)?.seq ?? 0
  await recording.write('json', ONE, seq)
  await recording.bus.manager.streams.purge('TICKS', { seq: seq - 5 })
}

describe('what cannot be told any more', () => {
  test('a live cursor whose messages were trimmed goes on from the files, and says so', async () => {
    const ticks = market(400, { seed: 54 })
    const mine = mineOf(ticks)
    const reading = take(tape(), ticksUpTo(10))
    await recording.publish(ticks)
    const first = await reading
    const last = first.findLast(({ kind }) => kind === 'tick')
    const after = parseCursor(last?.kind === 'tick' ? last.cursor : '')
    await writeAndTrim()
    await using young = await openLiveHub({ bus: recording.bus, signal })
    const items = await take(tape({ after }, young), ({ length }) => length > 1 && linesIn(first).length + length >= mine.length + 2)
    expect(items[0]).toMatchObject({ kind: 'incomplete', fromUs: after?.st })
    expect([...linesIn(first), ...linesIn(items)].toSorted()).toEqual(mine.map(encodeTickJson).toSorted())
  })

  test('regression: a log that is cut in the middle of a replay is taken over by the files, from there on live again: nothing lost, nothing twice', async () => {
    const ticks = market(10_060, { seed: 57 }) // some times what a reader of the log has at hand
    const mine = mineOf(ticks)
    const reading = take(tape(), ticksUpTo(10))
    await recording.publish(ticks.slice(0, 10_000))
    const first = await reading
    const last = first.findLast(({ kind }) => kind === 'tick')
    const after = parseCursor(last?.kind === 'tick' ? last.cursor : '')
    await using young = await openLiveHub({ bus: recording.bus, signal })
    const resumed = tape({ after }, young)
    const items: TapeItem[] = []
    let cutAt: number | undefined
    for await (const batch of resumed) {
      items.push(...batch)
      if (cutAt === undefined && ticksUpTo(20)(items)) {
        cutAt = items.length
        await writeAndTrim()
      }
      if (items.at(-1)?.kind === 'live' && cutAt !== undefined) await recording.publish(ticks.slice(10_000))
      if (linesIn(first).length + linesIn(items).length >= mine.length) break
    }
    const given = [...linesIn(first), ...linesIn(items)]
    expect(new Set(given).size).toBe(given.length)
    expect(given.toSorted()).toEqual(mine.map(encodeTickJson).toSorted())
    const told = items.flatMap((item, place) => (item.kind === 'tick' ? [] : [{ kind: item.kind, isAfterCut: place >= (cutAt ?? 0) }]))
    expect(told).toEqual([
      { kind: 'live', isAfterCut: false },
      { kind: 'incomplete', isAfterCut: true },
      { kind: 'live', isAfterCut: true },
    ])
    const before = items[items.findIndex(({ kind }) => kind === 'incomplete') - 1]
    const place = parseCursor(before?.kind === 'tick' ? before.cursor : '')
    expect(items.find(({ kind }) => kind === 'incomplete')).toMatchObject({ fromUs: place?.st })
    expect(parseCursor(resumed.cursor ?? '')).toMatchObject({ kind: 'live', st: mine.at(-1)?.st })
  })

  test('regression: ticks that came late by hours are found in the files, behind a live cursor whose messages were trimmed', async () => {
    const early = mineOf(market(60, { seed: 59 }))
    const start = (early.at(-1)?.st ?? 0) + 5 * US_PER_HOUR
    const ticks = mineOf(market(400, { seed: 60, fromUs: start }))
    const late = ticks.slice(-40, -20).map((tick, n): TickMessage => ({ ...tick, ts: (early[n] ?? tick).ts, bf: true })) // filled in from IB's history
    const all = [...ticks.slice(0, -40), ...late, ...ticks.slice(-20)]
    await recording.publish(early)
    let isLive = false
    const reading = take(tape({ startUs: start - 60 * US_PER_SECOND }), (items) => {
      isLive = true // it has got `live`, before which there is nothing
      return ticksUpTo(30)(items)
    })
    await until('the tape is live', () => isLive)
    await recording.publish(all.slice(0, 60))
    const first = await reading
    const last = first.findLast(({ kind }) => kind === 'tick')
    await recording.publish(all.slice(60))
    await writeAndTrim()
    await using young = await openLiveHub({ bus: recording.bus, signal })
    const after = parseCursor(last?.kind === 'tick' ? last.cursor : '')
    const rest = await take(tape({ after }, young), (items) => items.at(-1)?.kind === 'live')
    const given = [...linesIn(first), ...linesIn(rest)]
    expect(new Set(given).size).toBe(given.length)
    expect(given.toSorted()).toEqual(all.map(encodeTickJson).toSorted())
    expect(linesIn(rest).slice(0, late.length)).toEqual(late.toSorted(compareTicks).map(encodeTickJson))
  })

  test('regression: nothing of a batch comes twice from the files where the history ended among its messages', async () => {
    const ticks = mineOf(market(400, { seed: 58, lateUs: 0 })).slice(0, 100)
    const [quotes, trades] = [ticks.filter(({ tt }) => tt === 'bid_ask'), ticks.filter(({ tt }) => tt === 'last')]
    await recording.publishPart(quotes, { k: 1, n: 2 })
    const opened = tape()
    const reading = take(opened, ticksUpTo(quotes.length + 5))
    await Promise.race([reading, wait(100)]) // the history is open, or waits for the rest of the batch
    await recording.publishPart(trades, { k: 2, n: 2 })
    const first = await reading
    await until('the log is written', async () => (await recording.messages()).length === 2)
    await recording.write('json', ONE, 2)
    await recording.bus.manager.streams.purge('TICKS', { seq: 3 })
    await using young = await openLiveHub({ bus: recording.bus, signal })
    const last = first.findLast(({ kind }) => kind === 'tick')
    const after = parseCursor(last?.kind === 'tick' ? last.cursor : '')
    const rest = await take(tape({ after }, young), (items) => items.at(-1)?.kind === 'live')
    const given = [...linesIn(first), ...linesIn(rest)]
    expect(new Set(given).size).toBe(given.length)
    expect(given.toSorted()).toEqual(ticks.map(encodeTickJson).toSorted())
  })

  test('property: cut anywhere and resumed while the log is trimmed behind it, nothing comes twice and nothing is lost', async () => {
    const random = randomFrom(68)
    const ticks = market(2_400, { seed: 68, stepUs: 4 * US_PER_SECOND, lateUs: 2_400 * US_PER_SECOND })
    const mine = mineOf(ticks)
    const clients = Array.from({ length: 6 }, () => ({ cursor: undefined as string | undefined, lines: [] as string[] }))
    let incomplete = 0
    let published = 0
    const read = async (client: (typeof clients)[number], count: number, of: LiveHub) => {
      const after = client.cursor === undefined ? undefined : parseCursor(client.cursor)
      const givenSt = after?.kind !== 'live' ? -1 : after.st >= 0 ? after.st : (after.sinceSt ?? Number.POSITIVE_INFINITY)
      const left = mineOf(ticks.slice(0, published)).filter(({ st }) => st > givenSt).length
      const isEnough = (all: readonly TapeItem[]) =>
        ticksUpTo(Math.min(count, left))(all) || (all.at(-1)?.kind === 'live' && (all.length > 1 || after?.kind !== 'live'))
      const items = await take(tape({ after }, of), isEnough)
      if (after?.kind === 'history' && items.some(({ kind }) => kind === 'incomplete')) incomplete += 1
      const last = items.findLast(({ kind }) => kind === 'tick' || kind === 'live')
      if (last && 'cursor' in last) client.cursor = last.cursor
      client.lines.push(...linesIn(items))
    }
    const trim = async (behind: number) => {
      const last = (await recording.messages()).at(-1)?.seq ?? 0
      const [more, less] = random() < 0.5 ? (['json', 'pb'] as const) : (['pb', 'json'] as const)
      const most = last - Math.floor(behind * random())
      const least = most - Math.floor(behind * random())
      await recording.write(more, ONE, most)
      await recording.write(less, ONE, least)
      await recording.bus.manager.streams.purge('TICKS', { seq: Math.min(last, least + 1 - Math.floor(4 * behind * random())) }) // as the keeper does: below what all have
    }
    for (; published < ticks.length; ) {
      await recording.publish(ticks.slice(published, published + 400))
      published += 400
      await trim(30)
      await using young = await openLiveHub({ bus: recording.bus, signal })
      for (const client of clients) for (let cut = 0; cut < 3; cut++) await read(client, 1 + Math.floor(random() * 80), young)
    }
    await trim(0)
    await using young = await openLiveHub({ bus: recording.bus, signal })
    for (const client of clients) await read(client, Number.POSITIVE_INFINITY, young)
    expect(incomplete).toBeGreaterThan(0)
    for (const { lines } of clients) {
      expect(new Set(lines).size).toBe(lines.length)
      expect(lines.toSorted()).toEqual(mine.map(encodeTickJson).toSorted())
    }
  })

  test('a cursor of another recording is refused', async () => {
    await recording.publish(market(3, { seed: 55 }))
    await until('the hub knows the log', () => hub.spoolId !== undefined)
    for (const text of ['l.other.1.2', 'h.other.1.2.3.1.-1']) {
      await expect(take(tape({ after: parseCursor(text) }), () => false)).rejects.toMatchObject({ code: 'IBS_TAPE_CURSOR_GONE' })
    }
  })
})

test('gaps stand where they happened, in history and live, each once', async () => {
  const ticks = mineOf(market(300, { seed: 56 }))
  const gap = (n: number, other: Partial<GapEvent> = {}): GapEvent => {
    const st = (ticks[n]?.st ?? 0) + 1
    return {
      kind: 'gap',
      st,
      epoch: 1,
      cid: ONE,
      tt: 'last',
      fromUs: st - 1_000,
      toUs: st,
      cause: 'disconnected',
      reason: 'a test',
      ...other,
    }
  }
  const publishGap = (event: GapEvent) => recording.publisher.add({ subject: 'ib.events.gap', line: JSON.stringify(event) })
  let isLive = false
  const live = take(tape({ kinds: ['gap'] }), (items) => {
    isLive = true // it has got `live`, before which there is nothing
    return items.filter(({ kind }) => kind === 'event').length === 2 && ticksUpTo(60)(items)
  })
  await until('the tape is live', () => isLive)
  for (const n of [0, 20, 40]) {
    await recording.publish(ticks.slice(n, n + 20))
    if (n < 40) publishGap(gap(n + 19))
    publishGap(gap(n + 19, { cid: CIDS[1], st: (ticks[n + 19]?.st ?? 0) + 2 }))
  }
  await recording.publisher.settled(AbortSignal.timeout(10_000))
  const shape = (items: readonly TapeItem[]) =>
    items.filter(({ kind }) => kind !== 'live').map((item) => (item.kind === 'tick' ? item.line : item))
  const wanted = [
    ...ticks.slice(0, 20).map(encodeTickJson),
    expect.objectContaining({ kind: 'event', event: gap(19) }),
    ...ticks.slice(20, 40).map(encodeTickJson),
    expect.objectContaining({ kind: 'event', event: gap(39) }),
    ...ticks.slice(40, 60).map(encodeTickJson),
  ]
  expect(shape(await live)).toEqual(wanted)
  const history = await take(tape({ kinds: ['gap'] }), (items) => items.at(-1)?.kind === 'live')
  const inOrder = [...ticks.slice(0, 60)].sort(compareTicks).map(encodeTickJson)
  expect(linesIn(history)).toEqual(inOrder)
  expect(history.filter(({ kind }) => kind === 'event')).toEqual([
    { kind: 'event', event: gap(19) },
    { kind: 'event', event: gap(39) },
  ])
})

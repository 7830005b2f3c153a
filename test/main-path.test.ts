import { connectBus, openLogReader } from '@ib-stream/bus'
import { describe, expect, it } from '@jest/globals'
import { aggressors } from './support/aggressors.ts'
import { readArchive } from './support/parquet-files.ts'
import { SseClient } from './support/sse-client.ts'
import { Stack } from './support/stack.ts'
import { tapeSource } from './support/tape-source.ts'
import {
  byStream,
  decodeProto,
  type PlainTick,
  parseLines,
  readJsonFiles,
  readProtoFiles,
  readTruth,
  withoutStamp,
} from './support/ticks.ts'
import { waitFor } from './support/wait-for.ts'

const MODEL_RUN_MS = 8_000

/** Ticks in the API's order: ts first, then arrival. */
const inQueryOrder = (ticks: readonly PlainTick[]): PlainTick[] => [...ticks].sort((a, b) => a.ts - b.ts || (a.st ?? 0) - (b.st ?? 0))

const inOrderOfArrival = (ticks: readonly PlainTick[]): PlainTick[] => ticks.toSorted((a, b) => (a.st ?? 0) - (b.st ?? 0))

const plain = (ticks: readonly PlainTick[]): string[] => ticks.map(withoutStamp)

describe('the main path, every service a process', () => {
  it('gives every tick that the gateway sent, once, in order, field by field: in all kinds of file, in all three formats, and live', async () => {
    const { tracked, simulator, replay, cids, tts } = tapeSource(0)
    await using stack = await Stack.make({ tracked, simulator })
    for (const program of [stack.nats, stack.writerJson, stack.writerProto, stack.writerParquet, stack.queryApi, stack.ingest])
      program.start()
    await stack.ready(stack.queryApi)
    await using clients = new AsyncDisposableStack()
    const lives = cids.map((cid) => clients.use(new SseClient(`${stack.apiUrl}/v3/stream/${cid}/live?tick_types=${tts.join(',')}`)))
    await waitFor('the live streams stand', () => lives.every(({ infos }) => infos.length > 0))
    await stack.nats.freeze() // what comes meanwhile is cut into batches
    stack.simulator.start()
    await waitFor('the log is far behind', async () => (await waitingForTheLog(stack)) > 2_000, 60_000)
    stack.nats.thaw()

    const truth = await sentByGateway(stack, replay)
    let counts = { json: 0, proto: 0, archive: 0 }
    let archived: PlainTick[] = [] // of a moment at which nothing was being sealed: then rows are there twice for a while
    const settled = async () => {
      counts = { ...counts, json: (await readJsonFiles(stack.dataDir)).length, proto: (await readProtoFiles(stack.dataDir)).length }
      if (counts.json < truth.length || counts.proto < truth.length) return false
      archived = await readArchive(stack.dataDir)
      counts.archive = archived.length
      return counts.archive === truth.length
    }
    await waitFor(`${truth.length} ticks are in the files`, settled, 90_000).catch((error: unknown) => {
      throw new Error(`${String(error)}; there are ${JSON.stringify(counts)}`)
    })
    await waitFor(`${truth.length} ticks came live`, () => lives.reduce((sum, { ticks }) => sum + ticks.length, 0) >= truth.length, 30_000)

    const sent = byStream(truth)
    expect(truth.length).toBeGreaterThan(10_000)
    const json = byStream(await readJsonFiles(stack.dataDir))
    const proto = byStream(await readProtoFiles(stack.dataDir))
    const archive = byStream(archived)
    for (const [stream, ticks] of sent) {
      expect(plain(json.get(stream) ?? [])).toEqual(plain(ticks))
      expect(proto.get(stream)).toEqual(json.get(stream))
      expect(archive.get(stream)).toEqual(inOrderOfArrival(json.get(stream) ?? []))
    }
    expect(json.size).toBe(sent.size)

    const inLog = await ticksOfTheLog(stack.natsUrl, truth.length)
    expect(inLog.batched).toBeGreaterThan(1_000)
    for (const [i, cid] of cids.entries()) {
      const inFiles = [...json.values()].flat().filter((tick) => tick.cid === cid)
      const byArrival = inFiles.toSorted((a, b) => (a.st ?? 0) - (b.st ?? 0))
      const live = aggressors(lives[i]?.ticks ?? [])
      expect(live.length).toBe(inFiles.filter(({ tt }) => tt !== 'bid_ask').length)
      expect(live).toEqual(aggressors(byArrival))
      expect(aggressors(inLog.ticks.filter((tick) => tick.cid === cid))).not.toEqual(live) // the batches did change their order
      const mine = truth.filter((tick) => tick.cid === cid)
      expect(plain(lives[i]?.ticks ?? [])).toEqual(plain(mine))
      const recorded = [...json.values()].flat().filter((tick) => tick.cid === cid)
      const answers = await askAllFormats(stack.apiUrl, cid, tts, recorded)
      for (const answer of answers) expect(answer).toEqual(inQueryOrder(recorded))
      expect(plain(answers[0] ?? [])).toEqual(plain(inQueryOrder(recorded)))
    }
  }, 240_000)
})

/** Lines that ingest has and the log has not confirmed. */
async function waitingForTheLog(stack: Stack): Promise<number> {
  const parts = (await stack.health(stack.ingest))?.parts as Record<string, { ticks?: number; acknowledged?: number }> | undefined
  return (parts?.streams?.ticks ?? 0) - (parts?.publisher?.acknowledged ?? 0)
}

/** All ticks as they stand in the log, unmerged, and how many of them in batches. */
async function ticksOfTheLog(natsUrl: string, count: number): Promise<{ ticks: PlainTick[]; batched: number }> {
  await using bus = await connectBus({ url: natsUrl, name: 'test' })
  const ticks: PlainTick[] = []
  let batched = 0
  const signal = AbortSignal.timeout(60_000)
  for await (const messages of openLogReader({ bus, filter: 'ticks.>', fromSeq: 1, signal }).batches()) {
    for (const { payload, batch } of messages) {
      const found = parseLines(Buffer.from(payload).toString('utf8'))
      ticks.push(...found)
      if (batch) batched += found.length
    }
    if (ticks.length >= count) break
  }
  return { ticks, batched }
}

/** The replay's whole truth; with the market model, what was sent when ingest is stopped after a while. */
async function sentByGateway(stack: Stack, replay: boolean): Promise<PlainTick[]> {
  if (replay) await stack.simulator.logged('the end of the tape', ({ msg }) => msg === 'tape ended', 60_000)
  else {
    await stack.ready(stack.ingest)
    await new Promise((resolve) => setTimeout(resolve, MODEL_RUN_MS))
  }
  await stack.simulator.stop() // its socket is drained: all that stands in the truth was handed over
  await waitFor('ingest has seen the end', () => stack.ingest.log.some(({ kind, from }) => kind === 'gateway' && from === 'ready'))
  return await readTruth(stack.truthFile)
}

async function askAllFormats(apiUrl: string, cid: number, tts: readonly string[], recorded: readonly PlainTick[]): Promise<PlainTick[][]> {
  const first = recorded.reduce((least, { ts }) => Math.min(least, ts), Number.POSITIVE_INFINITY)
  const last = recorded.reduce((most, { ts }) => Math.max(most, ts), 0)
  const ask = async (format: string): Promise<Buffer> => {
    const response = await fetch(
      `${apiUrl}/v3/buffer/${cid}/query?tick_types=${tts.join(',')}&start_time=${first}&end_time=${last + 1}&format=${format}`,
    )
    expect(response.status).toBe(200)
    return Buffer.from(await response.arrayBuffer())
  }
  const ndjson = parseLines((await ask('ndjson')).toString())
  const json = (JSON.parse((await ask('json')).toString()) as { messages: PlainTick[] }).messages
  const protobuf = decodeProto(await ask('protobuf'))
  return [ndjson, json, protobuf]
}

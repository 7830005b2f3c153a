import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EVENTS, nextMessage, publishOps, TICKS } from '@ib-stream/bus'
import { eventSubject } from '@ib-stream/model'
import { readDurablePosition } from '@ib-stream/storage'
import { describe, expect, it } from '@jest/globals'
import { nodeProgram, type TestProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { jsonLines, WriterBench } from './support.ts'

const START_US = 1_753_837_634_000_000
const lineOf = (n: number): string => `{"kind":"gap","st":${START_US + n},"n":${n}}`
const add = (bench: WriterBench, n: number) => bench.publisher.add({ subject: eventSubject('gap'), line: lineOf(n), event: true })
const eventsIn = (bench: WriterBench) => readFile(join(bench.dataDir, 'events/2025-07-30.jsonl'), 'utf8').catch(() => '')

describe('recorder events', () => {
  it('stand in their files once and in order, although their writer is killed again and again, and the stream EVENTS is made anew meanwhile', async () => {
    await using bench = await WriterBench.open()
    const env = {
      NATS_URL: bench.nats.url,
      DATA_DIR: bench.dataDir,
      HEALTH_PORT: '0',
      IB_HOST: '',
      CHECKPOINT_VISIBLE_MS: '50',
      CHECKPOINT_DURABLE_MS: '300',
    }
    let writer: TestProgram = nodeProgram('writer-json', 'services/writer-json/src/main.ts', env).start()
    let added = 0
    const feed = setInterval(() => {
      for (let i = 0; i < 3; i++) add(bench, ++added)
    }, 5)
    const text = async () => (await eventsIn(bench)).length
    try {
      for (let round = 0; round < 4; round++) {
        const before = await text()
        await waitFor('progress', async () => (await text()) > before + 2_000)
        await writer.kill()
        if (round === 1) {
          await bench.bus.manager.streams.delete(EVENTS)
          await bench.bus.connection.reconnect() // with the next connection the publisher makes it anew
        }
        writer = nodeProgram('writer-json', 'services/writer-json/src/main.ts', env).start()
      }
    } finally {
      clearInterval(feed)
    }
    await bench.publisher.settled()
    const whole = Array.from({ length: added }, (_, i) => `${lineOf(i + 1)}\n`).join('')
    await waitFor('all are there', async () => (await text()) >= whole.length).catch(() => undefined)
    expect(await writer.stop()).toBe(0)
    expect(await eventsIn(bench)).toBe(whole)
    expect((await bench.bus.manager.streams.info(EVENTS)).state.messages).toBeGreaterThanOrEqual(added)
  }, 60_000)

  it('regression: what somebody else put among them took the next one into its own line, or left a checkpoint that nobody could read', async () => {
    await using bench = await WriterBench.open()
    const running = bench.run()
    add(bench, 1)
    await bench.publisher.settled()
    const odd = ['{"kind":"gap","st":9999999999999999}\n', '', `{"kind":"note","st":${START_US}}`] // the last one without its newline
    for (const payload of odd) bench.bus.connection.publish(eventSubject('gap'), payload)
    await bench.bus.connection.flush()
    add(bench, 2)
    await waitFor('it is there', async () => (await eventsIn(bench)).includes(lineOf(2)))
    expect((await eventsIn(bench)).split('\n')).toEqual(expect.arrayContaining([lineOf(1), lineOf(2)]))
    await running.stop()
    const position = await readDurablePosition(bench.dataDir, 'json', 'events')
    expect(position?.seq).toBeGreaterThanOrEqual(5)
  })

  it('are taken from the log and not from EVENTS: after a rollback a number of EVENTS means another message, so that one would be passed over', async () => {
    await using bench = await WriterBench.open()
    const { nats, bus } = bench
    const placeOf = async (stream: string) =>
      waitFor(
        `${stream} has it`,
        async () => (await nextMessage(bus.manager, { stream, filter: 'ib.events.gap', fromSeq: 2 }).catch(() => undefined))?.seq,
      )
    add(bench, 1)
    await bench.publisher.settled()
    await waitFor('EVENTS has it', async () => (await bus.manager.streams.info(EVENTS)).state.messages === 1)
    await nats.program.kill()
    await cp(join(nats.folder, 'store'), join(nats.folder, 'copy'), { recursive: true })
    nats.program.start()
    const said = { kind: 'alert', service: 'keeper', st: START_US, alert: 'disk_low', state: 'firing', summary: '' } as const
    await publishOps(bus, said, { id: 'alert', signal: AbortSignal.timeout(20_000) })
    add(bench, 2)
    await bench.publisher.settled()
    const before = [await placeOf(TICKS), await placeOf(EVENTS)]
    const writer = bench.run(jsonLines)
    const whole = `${lineOf(1)}\n${lineOf(2)}\n`
    await waitFor('both are in the file', async () => (await eventsIn(bench)) === whole)
    await writer.stop()

    await nats.program.kill()
    await rm(join(nats.folder, 'store'), { recursive: true })
    await cp(join(nats.folder, 'copy'), join(nats.folder, 'store'), { recursive: true })
    nats.program.start()
    add(bench, 3)
    await bench.publisher.settled()
    expect([before, [await placeOf(TICKS), await placeOf(EVENTS)]]).toEqual([
      [2, 3],
      [2, 2], // what the keeper said is in nobody's spool
    ])
    bench.run(jsonLines)
    await waitFor('the third is there', async () => (await eventsIn(bench)).length > whole.length)
    expect(await eventsIn(bench)).toBe(`${whole}${lineOf(3)}\n`)
  }, 60_000)
})

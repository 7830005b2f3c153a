import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectBus, openPublisher, tickSubject } from '@ib-stream/bus'
import { hash31, hourOf, partitionOf, type TickMessage, US_PER_HOUR, US_PER_SECOND, usFromMs } from '@ib-stream/model'
import { BACKENDS, type Backend, encodeTickJson, openRange, verify } from '@ib-stream/storage'
import { describe, expect, test } from '@jest/globals'
import { NatsServer } from '../../../test/support/nats-server.ts'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { type Run, runCli } from './run-cli.ts'

const OLD = [265598, 8314] as const
const LIVE = 711280073
const HOURS = 8
const TICKS_AN_HOUR = 50
const NOW_US = hourOf(usFromMs(Date.now()))
const START_US = NOW_US - 48 * US_PER_HOUR
/** An owner that was killed is given up after ten seconds of silence. */
const ENDS_WITHIN_MS = 60_000

const trade = (cid: number, ts: number, s: number): TickMessage => ({
  ts,
  st: ts + 250_000,
  cid,
  tt: 'last',
  rid: hash31(cid, 'last'),
  p: 100,
  s,
})
const ticksOf = (cid: number): TickMessage[] =>
  Array.from({ length: HOURS * TICKS_AN_HOUR }, (_, i) =>
    trade(cid, START_US + Math.floor(i / TICKS_AN_HOUR) * US_PER_HOUR + (i % TICKS_AN_HOUR) * US_PER_SECOND, i),
  )

async function recorded(dataDir: string, backend: Backend, cid: number): Promise<TickMessage[]> {
  await using range = await openRange({ dataDir, backends: [backend], cids: [cid], tts: ['last'], startUs: START_US, endUs: NOW_US })
  const ticks: TickMessage[] = []
  for await (const batch of range.batches()) ticks.push(...batch)
  expect(range.damage).toEqual([])
  return ticks
}

/** Files of hours that are imported by now, whole or not. */
async function filesMade(dataDir: string): Promise<number> {
  const names = await Promise.all(['json', 'pb'].map((backend) => readdir(join(dataDir, backend), { recursive: true }).catch(() => [])))
  return names.flat().filter((name) => OLD.some((cid) => name.includes(`/${cid}_last_`))).length
}

describe('an import through the owners', () => {
  test('has each tick once when it is done, however often it, or a writer, is killed on the way', async () => {
    expect(new Set([...OLD, LIVE].map((cid) => partitionOf(cid))).size).toBe(3)
    await using nats = await NatsServer.start()
    const dataDir = join(nats.folder, 'data')
    await using bus = await connectBus({ url: nats.url, name: 'import-test' })
    await using publisher = await openPublisher({ bus, spoolFolder: join(nats.folder, 'spool'), source: 'gateway', logMaxBytes: 2 ** 28 })
    const env = { NATS_URL: nats.url, DATA_DIR: dataDir, HEALTH_PORT: '0', IB_HOST: '127.0.0.1', CHECKPOINT_DURABLE_MS: '200' }
    await using json = nodeProgram('writer-json', 'services/writer-json/src/main.ts', env).start()
    await using pb = nodeProgram('writer-proto', 'services/writer-proto/src/main.ts', env).start()
    const live: TickMessage[] = []
    const feed = setInterval(() => {
      const tick = trade(LIVE, NOW_US - US_PER_HOUR + live.length * 1_000, live.length)
      live.push(tick)
      publisher.add({ subject: tickSubject(LIVE, 'last'), line: encodeTickJson(tick) })
    }, 20)
    const old = join(nats.folder, 'old')
    await mkdir(old)
    for (const cid of OLD)
      await writeFile(
        join(old, `${cid}.jsonl`),
        ticksOf(cid)
          .map((tick) => `${encodeTickJson(tick)}\n`)
          .join(''),
      )
    const begin = (): Run => runCli(['import', '--to', dataDir, '--json', old], { NATS_URL: nats.url })
    const ended = ({ ended: end, out, err }: Run) =>
      waitFor('the import ended', () => Promise.race([end.then((code) => ({ code })), sleepless()]), ENDS_WITHIN_MS).catch(
        (error: unknown) => {
          throw new Error(`${String(error)}\n${out}\n${err}`)
        },
      )
    try {
      for (const backend of BACKENDS) await waitFor(`${backend} records`, async () => (await recorded(dataDir, backend, LIVE)).length > 0)
      const all = OLD.length * HOURS * 2
      let killed = 0
      for (const [victim, files] of [
        ['the import', 1],
        ['writer-json', all / 4],
        ['the import', all / 2],
        ['writer-proto', (3 * all) / 4],
        ['the import', all - 1],
      ] as const) {
        const run = begin()
        await waitFor(
          `${files} files are begun`,
          async () => (await filesMade(dataDir)) >= files || run.child.exitCode !== null,
          ENDS_WITHIN_MS,
        )
        if (victim === 'the import') run.child.kill('SIGKILL')
        else {
          const program = victim === 'writer-json' ? json : pb
          await program.kill()
          program.start()
        }
        await ended(run)
        if (run.child.signalCode !== null) killed += 1
      }
      expect(killed).toBeGreaterThan(0) // else the machine was too quick for this test
      await waitFor(
        'an import goes through',
        async () => {
          const run = begin()
          return (await ended(run)).code === 0
        },
        2 * ENDS_WITHIN_MS,
      )
    } finally {
      clearInterval(feed)
    }
    await publisher.settled()
    for (const backend of BACKENDS) {
      for (const cid of OLD) expect(await recorded(dataDir, backend, cid)).toEqual(ticksOf(cid))
      await waitFor(`${backend} has all that came live`, async () => (await recorded(dataDir, backend, LIVE)).length >= live.length)
      expect(await recorded(dataDir, backend, LIVE)).toEqual(live)
    }
    for (const writer of [json, pb]) expect(await writer.stop()).toBe(0)
    expect((await verify({ dataDir })).damage).toEqual([])
  }, 240_000)
})

const sleepless = (): Promise<undefined> => new Promise((resolve) => setTimeout(() => resolve(undefined), 50))

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { openSpool } from '../src/spool.ts'
import { range, stampsOf, tickLine } from './support/lines.ts'
import { logContents, TestNats } from './support/test-nats.ts'

const LAST = 60

/** Publishes until its fail-point, or to the end; gives the signal that ended it. */
async function publishUntil(nats: TestNats, setting: string): Promise<unknown> {
  const child = spawn(process.execPath, [resolve(__dirname, 'support/publishing-child.ts'), nats.url, nats.spoolFolder, String(LAST)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, IB_STREAM_FAIL_POINT: setting },
  })
  const [code, signal] = await once(child, 'exit')
  return signal ?? code
}

/** Steps of the model, and which time of each is taken. */
const STEPS = [
  'kill begin a segment',
  'kill 4 spool a message',
  'kill 4 the spool is synced',
  'kill read the spool',
  'kill STREAM.INFO',
  'kill make the stream ours',
  'kill 20 send',
  'kill 20 ack',
] as const

describe('ingest killed at a step of the model', () => {
  it.each(STEPS)(
    '%s: every line is in the log once, in order, its number its sequence; a subscriber sees none that may vanish',
    async (step) => {
      await using nats = await TestNats.start()
      const bus = await nats.bus()
      const heard: Uint8Array[] = []
      bus.connection.subscribe('ticks.>', { callback: (_, { data }) => void heard.push(data) })
      await bus.connection.flush()
      if (step === 'kill read the spool') await publishUntil(nats, 'kill 4 send')
      expect(await publishUntil(nats, step)).toBe('SIGKILL')
      const before = stampsOf(heard.map((payload) => ({ payload })))
      const spooled = await spooledStamps(nats.spoolFolder)
      expect(before.filter((st) => !spooled.includes(st))).toEqual([]) // sent only after it is durable
      expect(await publishUntil(nats, '')).toBe(0)
      const messages = await logContents(bus)
      expect(messages.map(({ seq }) => seq)).toEqual(range(1, messages.length))
      expect(stampsOf(messages).toSorted((a, b) => a - b)).toEqual(range(1, LAST))
      expect(stampsOf(messages)).toEqual(await spooledStamps(nats.spoolFolder)) // message n is sequence n
    },
  )

  it('kill forget first_seq: the next makes the stream lose the setting before it publishes, so a restart of the server leaves the log whole', async () => {
    await using nats = await TestNats.start()
    const low = 101
    await spoolThatBeginsAt(nats.spoolFolder, low)
    expect(await publishUntil(nats, 'kill forget first_seq')).toBe('SIGKILL')
    expect(await publishUntil(nats, '')).toBe(0)
    await nats.kill()
    await nats.start()
    const messages = await logContents(await nats.bus())
    expect(messages.map(({ seq }) => seq)).toEqual(range(low, low - 1 + messages.length))
    expect(stampsOf(messages)).toEqual(range(1, LAST))
  })

  it.each([1, 3])('kill %s trim: what is left are whole segments without a hole up to the end, and the next trims on', async (time) => {
    await using nats = await TestNats.start()
    const trim = async (setting: string) => {
      const child = spawn(process.execPath, [resolve(__dirname, 'support/trimming-child.ts'), nats.spoolFolder], {
        stdio: 'ignore',
        env: { ...process.env, IB_STREAM_FAIL_POINT: setting },
      })
      return (await once(child, 'exit'))[1] as unknown
    }
    expect(await trim(`kill ${time} trim`)).toBe('SIGKILL')
    expect(await numbersIn(nats.spoolFolder)).toEqual(range(1 + 8 * (time - 1), 40))
    expect(await trim('')).toBe(null)
    const left = await numbersIn(nats.spoolFolder)
    expect(left).toEqual(range(left[0] ?? 0, 40))
    expect(left.length).toBeLessThanOrEqual(8)
  })

  it('holds the spool of a process that stands still against a second one', async () => {
    await using nats = await TestNats.start()
    const child = spawn(process.execPath, [resolve(__dirname, 'support/publishing-child.ts'), nats.url, nats.spoolFolder, '9'], {
      stdio: 'ignore',
      env: { ...process.env, IB_STREAM_FAIL_POINT: 'pause STREAM.INFO' },
    })
    const ended = once(child, 'exit')
    try {
      await waitFor('it has the spool', () => existsSync(join(nats.spoolFolder, 'spool.json'))) // to try the lock before would take it from the child
      await expect(openSpool(nats.spoolFolder, { source: 'simulator' })).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_LOCKED' })
    } finally {
      child.kill('SIGKILL')
      await ended
    }
  })
})

/** As after a trim: what came before `low` is confirmed and gone. */
async function spoolThatBeginsAt(folder: string, low: number): Promise<void> {
  await using spool = await openSpool(folder, { source: 'simulator' })
  spool.skipTo(low)
  const { subject, line } = tickLine(1)
  spool.append([{ n: low, subject, payload: Buffer.from(`${line}\n`) }])
  await spool.sync()
}

async function spooledStamps(folder: string): Promise<number[]> {
  await using spool = await openSpool(folder, { source: 'simulator' })
  const stamps: number[] = []
  for (let n = spool.low; n <= spool.end; ) {
    const records = await spool.readFrom(n)
    stamps.push(...stampsOf(records))
    n = (records.at(-1)?.n ?? spool.end) + 1
  }
  return stamps
}

async function numbersIn(folder: string): Promise<number[]> {
  await using spool = await openSpool(folder, { source: 'simulator' })
  const numbers: number[] = []
  for (let n = spool.low; n <= spool.end; ) {
    const records = await spool.readFrom(n)
    numbers.push(...records.map((record) => record.n))
    n = (records.at(-1)?.n ?? spool.end) + 1
  }
  return numbers
}

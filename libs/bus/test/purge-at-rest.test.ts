import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { readAck } from '../src/ack.ts'
import type { Bus } from '../src/connection.ts'
import { logHead } from '../src/log-head.ts'
import { TICKS } from '../src/stream-configs.ts'
import { readLog } from '../src/streams.ts'
import { askTrim, serveTrim } from '../src/trim-log.ts'
import { range, stampsOf, tape, tickLine } from './support/lines.ts'
import { logContents, TestNats } from './support/test-nats.ts'
import { publish, publisherIs, type TestPublisher, testPublisher } from './support/test-publisher.ts'
import { tellingTicks, withStreams } from './support/wrapped-bus.ts'

/** So many of the newest messages are never trimmed here: what the log took last is looked at. */
const LEFT = 2_000
const TRIED_FOR_MS = 5_000
const ONE_BY_ONE = { mostSingles: Number.POSITIVE_INFINITY }

const refusals = ({ events }: TestPublisher): string[] =>
  events.flatMap((event) => (event.kind === 'state' && event.reason.includes('wrong last sequence') ? [event.reason] : []))

/** What is left of the log has every line at its number, once. */
async function expectWhole(bus: Bus, end: number): Promise<void> {
  const messages = await logContents(bus)
  const [first] = messages
  expect(messages.map(({ seq, payload }) => [seq, ...stampsOf([{ payload }])])).toEqual(range(first?.seq ?? 0, end).map((n) => [n, n]))
}

interface OnTheWay {
  sent: number
  /** Messages that were sent and not confirmed when a purge was asked for. */
  atPurge: number[]
  /** Messages that were sent before its answer. */
  during: number
}

/** A bus that counts what goes to the log, beside purges. */
function watched(bus: Bus, seen: OnTheWay, acknowledged: () => number): Bus {
  const counting = tellingTicks(bus, () => {
    seen.sent += 1
  })
  return withStreams(counting, {
    purge: async (name, options) => {
      const { sent } = seen
      seen.atPurge.push(sent - acknowledged())
      const answer = await bus.manager.streams.purge(name, options)
      seen.during += seen.sent - sent
      return answer
    },
  })
}

/**
 * Messages of somebody who knows the log's numbers, and purges beside them, until the server has lost count; newer servers do not (2.15.1: not in a minute, 2.10.27 within
 * a second).
 * @returns the log's last number
 */
async function makeItLoseCount({ connection, manager }: Bus, from: number): Promise<number> {
  let [sent, stored, lost] = [from - 1, from - 1, false]
  const acks = connection.subscribe('race.*', {
    callback: (_, message) => {
      if (readAck(message).kind === 'refused') lost = true
      else stored = Number(message.subject.slice('race.'.length))
    },
  })
  const untilMs = performance.now() + TRIED_FOR_MS
  const done = () => lost || performance.now() > untilMs
  const purging = (async () => {
    for (; !done(); await sleep(5)) await manager.streams.purge(TICKS, { seq: Math.max(2, stored - 1_000) })
  })()
  await waitFor('the server has lost count, or does not', async () => {
    for (; sent < stored + 1_000 && !done(); sent++) {
      const { subject, line } = tickLine(sent + 1)
      connection.publish(subject, `${line}\n`, { headers: logHead(sent + 1), reply: `race.${sent + 1}` })
    }
    await new Promise((resolve) => setImmediate(resolve))
    return done()
  })
  await purging
  await waitFor('all is answered', () => lost || stored === sent)
  acks.unsubscribe()
  return (await readLog(manager))?.lastSeq ?? 0
}

describe('trimming the log under load', () => {
  it('regression: nothing is on its way while the server purges, so it does not lose count', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const seen: OnTheWay = { sent: 0, atPurge: [], during: 0 }
    await using publisher = await testPublisher(
      watched(bus, seen, () => publisher.acknowledged),
      nats.spoolFolder,
      ONE_BY_ONE,
    )
    using _ = serveTrim(bus, publisher)
    const other = await nats.bus('other')
    await publish(publisher, tape(1, 100))
    const end = 8_000
    for (const line of tape(101, end)) publisher.add(line)
    for (; publisher.acknowledged < end; await sleep(5)) await askTrim(other, Math.max(2, publisher.acknowledged - LEFT))
    expect(seen.atPurge.length).toBeGreaterThan(2)
    expect(new Set(seen.atPurge)).toEqual(new Set([0]))
    expect(seen.during).toBe(0)
    expect(refusals(publisher)).toEqual([])
    await expectWhole(bus, end)
  }, 60_000)

  it('regression: a server that lost count because somebody else purged it is put right, and takes messages again', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    {
      await using publisher = await testPublisher(bus, nats.spoolFolder)
      await publish(publisher, tape(1, 100))
    }
    const end = await makeItLoseCount(bus, 101)
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publisherIs(publisher, 'sending')
    await publish(publisher, tape(end + 1, end + 100))
    await expectWhole(bus, end + 100)
  }, 60_000)

  it('leaves the log alone while it does not confirm, and says so', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    await publish(publisher, tape(1, 10))
    await bus.manager.streams.delete(TICKS)
    await nats.kill()
    publisher.add(tickLine(11))
    await publisherIs(publisher, 'connecting')
    await expect(publisher.trimLog(5)).rejects.toMatchObject({ code: 'IBS_BUS_LOG_BUSY' })
    await nats.start()
    await publisher.settled(AbortSignal.timeout(20_000))
    expect(stampsOf(await logContents(bus))).toEqual(range(1, 11))
  }, 40_000)
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectBus, openPublisher, tickSubject } from '@ib-stream/bus'
import { hash31, type TickType } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { NatsServer } from '../../../../test/support/nats-server.ts'
import { lastInSpool, lastLiveTicks } from '../../src/gaps/last-live-ticks.ts'

const BASE_US = 1_753_884_000_000_000
const NO_SPOOL = { low: 1, end: 0, readFrom: async () => [] }

it('finds the last live tick of each stream in the spool and, where that has none any more, in the log; what was filled in later hides none', async () => {
  await using nats = await NatsServer.start()
  await using bus = await connectBus({ url: nats.url, name: 'test' })
  const spoolFolder = await mkdtemp(join(tmpdir(), 'ibs-left-'))
  await using publisher = await openPublisher({ bus, spoolFolder, source: 'simulator', logMaxBytes: 2 ** 28 })
  let st = BASE_US
  const add = (cid: number, tt: TickType, filled?: 'bf') => {
    st += 1
    publisher.add({ subject: tickSubject(cid, tt), line: JSON.stringify({ ts: st, st, cid, tt, ...(filled && { bf: true }) }) })
    return st
  }
  add(1, 'last')
  const quote = add(1, 'bid_ask')
  const trade = add(1, 'last')
  const filledUp = add(2, 'all_last')
  for (let i = 0; i < 20; i++) add(2, 'all_last', 'bf')
  publisher.add({ subject: 'ib.events.clock', line: JSON.stringify({ kind: 'clock', st: ++st, epoch: 1 }), event: true })
  add(3, 'last', 'bf')
  await publisher.settled()
  const expected = [
    [hash31(1, 'bid_ask'), quote],
    [hash31(1, 'last'), trade],
    [hash31(2, 'all_last'), filledUp],
  ]
  const sorted = (found: Map<number, number>) => [...found].sort(([, a], [, b]) => a - b)
  expect(sorted(await lastInSpool(publisher.spool))).toEqual(expected)
  expect(sorted(await lastLiveTicks({ bus, spool: NO_SPOOL }))).toEqual(expected)
  await rm(spoolFolder, { recursive: true })
})

it('finds nothing before anything was recorded', async () => {
  await using nats = await NatsServer.start()
  await using bus = await connectBus({ url: nats.url, name: 'test' })
  const spoolFolder = await mkdtemp(join(tmpdir(), 'ibs-left-'))
  await using publisher = await openPublisher({ bus, spoolFolder, source: 'simulator', logMaxBytes: 2 ** 28 })
  await publisher.settled()
  while (publisher.state === 'connecting') await new Promise(setImmediate)
  expect((await lastLiveTicks({ bus, spool: publisher.spool })).size).toBe(0)
  await rm(spoolFolder, { recursive: true })
})

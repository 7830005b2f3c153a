import { describe, expect, it } from '@jest/globals'
import { headers, type Msg, type MsgHdrs } from '@nats-io/nats-core'
import fc from 'fast-check'
import { BATCH_HEADER, batchOf, logHead } from '../src/log-head.ts'
import { TestNats } from './support/test-nats.ts'

type Encoded = MsgHdrs & { encode(): Uint8Array }

const batches = fc.option(fc.record({ k: fc.integer({ min: 1, max: 65_535 }), n: fc.integer({ min: 1, max: 65_535 }) }), { nil: undefined })

describe('the head of a message of the log', () => {
  it('property: has the bytes that the client makes of the same headers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), batches, (n, batch) => {
        const own = headers()
        own.set('Nats-Expected-Last-Sequence', String(n - 1))
        if (batch) own.set(BATCH_HEADER, `${batch.k}/${batch.n}`)
        expect(Buffer.from((logHead(n, batch) as Encoded).encode())).toEqual(Buffer.from((own as Encoded).encode()))
      }),
    )
  })

  it('gives back its batch from the wire, and none where there is none, with and without headers', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const heard: Msg[] = []
    const subscription = bus.connection.subscribe('a.>', { callback: (_, message) => void heard.push(message) })
    const other = headers()
    other.set('Other', 'Ibs-Batch: 1/2')
    const sent = [logHead(7, { k: 2, n: 31 }), logHead(8), other, undefined]
    for (const [i, head] of sent.entries())
      bus.connection.publish(`a.${i}`, `{"i":${i}}\n`, { reply: `r.${i}`, ...(head && { headers: head }) })
    bus.connection.publish('a.é', '', { headers: logHead(9, { k: 1, n: 3 }) })
    await bus.connection.flush()
    await bus.connection.flush() // what came before its answer is handed over
    subscription.unsubscribe()
    expect(heard.map(batchOf)).toEqual([{ k: 2, n: 31 }, undefined, undefined, undefined, { k: 1, n: 3 }])
  })
})

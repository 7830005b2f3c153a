import { connectBus, openPublisher } from '@ib-stream/bus'
import { describe, expect, it } from '@jest/globals'
import { NatsServer } from '../../../test/support/nats-server.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { InvalidSink } from '../src/invalid-sink.ts'

const fault = { field: 'p', value: 'x', rule: 'a finite number' }

describe('InvalidSink', () => {
  it('regression: hands over what waits when it is closed, each once', async () => {
    await using nats = await NatsServer.start()
    await using bus = await connectBus({ url: nats.url, name: 'sink-test' })
    await using publisher = await openPublisher({ bus, spoolFolder: `${nats.folder}/spool`, source: 'simulator', logMaxBytes: 2 ** 24 })
    await waitFor('the streams are there', () => publisher.state === 'sending')
    const sink = new InvalidSink(bus)
    for (let i = 0; i < 300; i++) sink.put(5, ['99', String(i)], fault, 1_000 + i)
    await sink.close()
    expect(sink.waiting).toBe(0)
    expect((await bus.manager.streams.info('INVALID')).state.messages).toBe(300)
  })

  it('does not hold a stop for long when the bus is away, and knows what it could not hand over', async () => {
    const nats = await NatsServer.start()
    await using bus = await connectBus({ url: nats.url, name: 'sink-test' })
    await nats.program.kill()
    await waitFor('the loss is seen', () => bus.state === 'disconnected')
    const sink = new InvalidSink(bus)
    sink.put(5, ['99'], fault, 1)
    const startedMs = performance.now()
    await sink.close()
    expect(performance.now() - startedMs).toBeLessThan(3_000)
    expect(sink.waiting).toBe(1)
    await nats[Symbol.asyncDispose]()
  })
})

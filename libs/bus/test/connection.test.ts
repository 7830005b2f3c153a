import { describe, expect, it } from '@jest/globals'
import { freePort } from '../../../test/support/free-port.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { beginAttempt, connectBus, pause, unlessAborted } from '../src/connection.ts'
import { TestNats } from './support/test-nats.ts'

describe('connectBus', () => {
  it('waits for a server that is not there yet', async () => {
    await using nats = await TestNats.start()
    await nats.kill()
    const connecting = nats.bus()
    await nats.start()
    expect((await connecting).state).toBe('connected')
  })

  it('throws the reason when it is aborted before', async () => {
    const reason = new Error('enough')
    const stop = new AbortController()
    const connecting = connectBus({ url: `nats://127.0.0.1:${await freePort()}`, name: 'test', signal: stop.signal })
    stop.abort(reason)
    await expect(connecting).rejects.toBe(reason)
  })

  it('says each loss and each return of the connection, until nobody asks any more', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const [heard, unheard]: [string[], string[]] = [[], []]
    bus.onChange((state) => heard.push(state))
    bus.onChange((state) => unheard.push(state))()
    await nats.kill()
    await waitFor('the loss', () => bus.state === 'disconnected')
    await nats.start()
    await waitFor('the return', () => bus.state === 'connected')
    expect(heard).toEqual(['disconnected', 'connected'])
    expect(unheard).toEqual([])
    await bus.close()
    await bus.close()
    await waitFor('the end', () => bus.state === 'closed')
  })

  it('an attempt ends when the connection comes back, and with the signal', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const stop = new AbortController()
    using attempt = beginAttempt(bus, stop.signal)
    const waiting = pause(3_600_000, attempt.signal)
    await bus.connection.reconnect()
    await expect(waiting).rejects.toThrow('the connection is back')
    using other = beginAttempt(bus, stop.signal)
    const work = unlessAborted(new Promise(() => undefined), other.signal)
    stop.abort(new Error('stop'))
    await expect(work).rejects.toThrow('stop')
  })
})

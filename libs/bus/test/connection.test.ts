import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
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

  it('regression: keeps the servers that were not up at its first connection, and goes to them when its own is lost', async () => {
    await using up = await TestNats.start()
    await using late = await TestNats.start()
    await late.kill()
    const url = `${late.url},${up.url}`
    for (let attempt = 0; attempt < 8; attempt++) {
      // the client tries them in any order
      await using bus = await connectBus({ url, name: 'test' })
      expect(bus.connection.getServers().map(({ gossiped }) => gossiped)).toEqual([false, false])
    }
    await using bus = await connectBus({ url, name: 'test' })
    await late.start()
    await up.kill()
    await waitFor('it is with the other', () => bus.state === 'connected' && late.url.endsWith(bus.connection.getServer()))
  })

  it('regression: leaves no connection behind when it is stopped while the server does not answer yet: the process could not end', async () => {
    let isAsked = false
    let isClosed = false
    const silent = createServer((socket) => {
      socket.write('INFO {"server_id":"X","version":"2.12.0","headers":true,"max_payload":1048576}\r\n')
      socket.on('data', (bytes) => {
        if (bytes.includes('.probe')) isAsked = true
        else if (bytes.includes('PING')) socket.write('PONG\r\n')
      })
      socket.on('error', () => undefined)
      socket.on('close', () => {
        isClosed = true
      })
    }).listen(0, '127.0.0.1')
    const stop = new AbortController()
    const connecting = connectBus({ url: `nats://127.0.0.1:${await portOf(silent)}`, name: 'test', signal: stop.signal })
    connecting.catch(() => undefined)
    await waitFor('the server is asked', () => isAsked)
    stop.abort(new Error('enough'))
    await expect(connecting).rejects.toThrow('enough')
    await waitFor('the connection is closed', () => isClosed)
    silent.close()
  })

  it('refuses a server older than 2.10, by its version', async () => {
    const server = createServer((socket) => {
      socket.write('INFO {"server_id":"A","version":"2.9.10","proto":1,"headers":true,"max_payload":1048576,"jetstream":true}\r\n')
      socket.on('data', (bytes) => bytes.includes('PING') && socket.write('PONG\r\n'))
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo
    await expect(connectBus({ url: `nats://127.0.0.1:${port}`, name: 'test' })).rejects.toMatchObject({
      code: 'IBS_BUS_SERVER_TOO_OLD',
      message: expect.stringMatching(/nats-server 2\.9\.10 at nats:.*run 2\.10 or newer/),
    })
    await new Promise((closed) => server.close(closed))
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

async function portOf(server: Server): Promise<number> {
  if (!server.listening) await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

import { connect, createServer, type Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { TcpProxy } from './tcp-proxy.ts'
import { waitFor } from './wait-for.ts'

/** A server that keeps what it was sent, and a client of it through a proxy. */
async function link() {
  const received: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', (bytes) => received.push(bytes.toString()))
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const proxy = await TcpProxy.start(port)
  const dial = () => {
    const socket = connect(proxy.port, '127.0.0.1')
    sockets.add(socket)
    let closed = false
    socket.on('error', () => undefined)
    socket.on('close', () => {
      closed = true
    })
    return { socket, isClosed: () => closed }
  }
  return {
    proxy,
    received: () => received.join(''),
    dial,
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('TcpProxy', () => {
  it('resets what stands and what comes while it is cut, and takes connections again afterwards', async () => {
    await using at = await link()
    const first = at.dial()
    first.socket.write('a')
    await waitFor('the first byte', () => at.received() === 'a')
    at.proxy.mode = 'cut'
    await waitFor('the first connection is over', first.isClosed)
    const second = at.dial()
    await waitFor('the second is turned away', second.isClosed)
    at.proxy.mode = 'open'
    at.dial().socket.write('b')
    await waitFor('the third arrives', () => at.received() === 'ab')
  })

  it('hands on what a black hole held when it ends, also from a sender that has gone', async () => {
    await using at = await link()
    const sender = at.dial()
    sender.socket.write('a')
    await waitFor('the first byte', () => at.received() === 'a')
    at.proxy.mode = 'blackHole'
    await new Promise<void>((sent) => sender.socket.write('late', () => sent()))
    await new Promise<void>((resolve) => setTimeout(resolve, 50)) // it must not arrive: there is no condition to wait for
    expect(at.received()).toBe('a')
    sender.socket.end()
    at.proxy.mode = 'open'
    await waitFor('what was held', () => at.received() === 'alate')
  })

  it('delays without changing the order', async () => {
    await using at = await link()
    at.proxy.delayMs = 80
    const { socket } = at.dial()
    const startedMs = performance.now()
    socket.write('1')
    await new Promise((resolve) => setTimeout(resolve, 5))
    at.proxy.delayMs = 0
    socket.write('2')
    await waitFor('both', () => at.received() === '12')
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(75)
  })
})

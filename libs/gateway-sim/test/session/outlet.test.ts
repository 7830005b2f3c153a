import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Outlet } from '../../src/session/outlet.ts'
import { RawClient } from '../client/raw-client.ts'

const HALF = Buffer.from('half a frame')
const MORE = Buffer.from('and what was to follow')

describe('Outlet', () => {
  const server = createServer()
  let client: RawClient
  let socket: Socket
  let outlet: Outlet

  beforeEach(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const taken = once(server, 'connection') as Promise<[Socket]>
    client = await RawClient.connect((server.address() as AddressInfo).port)
    ;[socket] = await taken
    socket.on('error', () => {}) // a reset is one
    outlet = new Outlet({ socket, limitBytes: 2 ** 30, random: Math.random, onSlow: () => {} })
  })
  afterEach(async () => {
    client[Symbol.dispose]()
    socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it.each(['rst', 'fin'] as const)('says nothing more after the half frame that it ends with by %s', async (how) => {
    outlet.cut(HALF, how)
    expect(outlet.open).toBe(false)
    outlet.write(MORE)
    await client.until(() => client.closed, 'the end')
    expect(client.bytes.length).toBeLessThanOrEqual(HALF.length)
  })

  it('holds back the pieces of a frame while it is mute, and goes on with them', async () => {
    const frame = Buffer.alloc(300, 'x')
    outlet.pieceBytes.lay(1)
    outlet.write(frame)
    await client.until(() => client.bytes.length > 0, 'the first piece')
    const unmute = outlet.mute()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const heard = client.bytes.length
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([client.bytes.length, heard < frame.length]).toEqual([heard, true])
    unmute()
    await client.until(() => client.bytes.length === frame.length, 'the rest')
  })

  it('resets in the middle of a frame a client that reads nothing', async () => {
    client.socket.pause()
    while (!socket.writableNeedDrain) {
      outlet.write(Buffer.alloc(1024 * 1024))
      await new Promise((resolve) => setImmediate(resolve))
    }
    outlet.cut(HALF, 'rst')
    await once(socket, 'close')
    expect(socket.destroyed).toBe(true)
  })
})

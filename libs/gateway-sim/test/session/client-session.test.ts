import { describe, expect, it } from '@jest/globals'
import { type GatewaySim, type GatewaySimOptions, startGatewaySim } from '../../src/index.ts'
import { frame, greeting, RawClient } from '../client/raw-client.ts'

const start = (options: GatewaySimOptions = {}): Promise<GatewaySim> => startGatewaySim({ port: 0, ...options })

/** Log lines of a simulator, and a way to start it with them. */
function logged(): { lines: Record<string, unknown>[]; log: NonNullable<GatewaySimOptions['log']> } {
  const lines: Record<string, unknown>[] = []
  return { lines, log: (level, msg, facts) => lines.push({ level, msg, ...facts }) }
}

describe('handshake', () => {
  it('answers the version in one frame of its own and says nothing more before START_API', async () => {
    await using sim = await start()
    using client = await RawClient.connect(sim.port)
    client.socket.write(Buffer.concat([greeting('v100..225 +PACEAPI'), frame(['49', '1'])]))
    await client.until(() => client.frames().length > 0, 'the version')
    expect(client.frames()).toEqual([['193', expect.stringMatching(/^\d{8} \d\d:\d\d:\d\d UTC$/)]])
    client.send('71', '2', '3', '')
    await client.until(() => client.frames().length >= 8, 'the welcome')
    expect(client.frames().slice(1)).toEqual([
      ['15', '1', 'DU1234567'],
      ['9', '1', '1'],
      ['4', '2', '-1', '2104', 'Market data farm connection is OK:usfuture', ''],
      ['4', '2', '-1', '2104', 'Market data farm connection is OK:cashfarm', ''],
      ['4', '2', '-1', '2104', 'Market data farm connection is OK:usfarm', ''],
      ['4', '2', '-1', '2106', 'HMDS data farm connection is OK:ushmds', ''],
      ['4', '2', '-1', '2158', 'Sec-def data farm connection is OK:secdefnj', ''],
    ])
  })

  it('works when every byte of the client comes alone', async () => {
    await using sim = await start()
    using client = await RawClient.connect(sim.port)
    client.socket.setNoDelay()
    for (const byte of Buffer.concat([greeting('v187'), frame(['71', '2', '', '']), frame(['49', '1'])])) {
      await new Promise((resolve) => client.socket.write(Buffer.from([byte]), resolve))
    }
    await client.until(() => client.frames().some(([id]) => id === '49'), 'the time')
    expect(client.frames()[0]?.[0]).toBe('187')
  })

  it.each(['v100..163', 'v200..225', 'v100.200'])('resets a client that offers %s', async (versions) => {
    const { lines, log } = logged()
    await using sim = await start({ log })
    using client = await RawClient.connect(sim.port)
    client.socket.write(greeting(versions))
    await client.until(() => client.closed, 'the reset')
    expect(client.bytes).toHaveLength(0)
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', msg: 'client refused' }))
  })

  it('frees a client id when its owner leaves', async () => {
    await using sim = await start()
    using first = await RawClient.started(sim.port, 5)
    using second = await RawClient.connect(sim.port)
    second.socket.write(Buffer.concat([greeting('v193'), frame(['71', '2', '5', ''])]))
    await second.until(() => second.closed, 'the end')
    expect(second.frames().at(-1)?.slice(0, 4)).toEqual(['4', '2', '-1', '326'])
    first.socket.end()
    await first.until(() => first.closed, 'the end')
    using third = await RawClient.started(sim.port, 5)
    expect(third.frames()).toHaveLength(8)
  })
})

describe('requests', () => {
  it.each([
    ['positions', ['61', '1'], ['62', '1']],
    ['open orders', ['5', '1'], ['53', '1']],
    ['all open orders', ['16', '1'], ['53', '1']],
    ['completed orders', ['99', '0'], ['102']],
    ['account updates', ['6', '2', '1', 'DU1234567'], ['54', '1', 'DU1234567']],
    ['account updates of many', ['76', '1', '11', 'DU1234567', '', '0'], ['74', '1', '11']],
    ['executions', ['7', '3', '12', '0', '', '', '', '', '', ''], ['55', '1', '12']],
    ['order ids', ['8', '1', '1'], ['9', '1', '1']],
    ['accounts', ['17', '1'], ['15', '1', 'DU1234567']],
    ['a cancel of nothing', ['98', '77'], ['4', '2', '77', '300', "Can't find EId with tickerId:77", '']],
    [
      'ticks of an unknown kind',
      ['97', '4', '8314', ...Array(11).fill(''), 'last', '0', '0'],
      ['4', '2', '4', '321', expect.any(String), ''],
    ],
    ['ticks without a number', ['97', 'x'], ['4', '2', '-1', '320', expect.any(String), '']],
  ])('answers %s', async (_name, request, reply) => {
    await using sim = await start()
    using client = await RawClient.started(sim.port, 1)
    client.send(...request)
    await client.until(() => client.frames().length > 8, 'an answer')
    expect(client.frames()[8]).toEqual(reply)
  })

  it('passes over what needs no answer, and over unknown ids with a log line', async () => {
    const { lines, log } = logged()
    await using sim = await start({ log })
    using client = await RawClient.started(sim.port, 1)
    for (const request of [['14', '1', '5'], ['59', '1', '1'], ['15', '1', '1'], ['6', '2', '0', ''], ['4711']]) client.send(...request)
    client.send('49', '1')
    await client.until(() => client.frames().length > 8, 'an answer')
    expect(client.frames()[8]).toEqual(['49', '1', expect.stringMatching(/^\d{10}$/)])
    expect(lines).toContainEqual({ level: 'warn', msg: 'unknown request ignored', clientId: 1, request: '4711' })
  })
})

describe('a slow client', () => {
  it('is cut off when its socket holds too much, and the log says so', async () => {
    const { lines, log } = logged()
    const slowClientBytes = 256 * 1024
    await using sim = await start({ log, rate: 10_000, slowClientBytes })
    using client = await RawClient.started(sim.port, 1)
    client.socket.pause()
    client.send('97', '1', '265598', ...Array(11).fill(''), 'BidAsk', '0', '0')
    const said = () => lines.find(({ msg }) => msg === 'slow client closed')
    for (const deadline = Date.now() + 20_000; said() === undefined && Date.now() < deadline; ) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(said()).toMatchObject({ level: 'warn', clientId: 1, limitBytes: slowClientBytes })
    client.socket.resume()
    await client.until(() => client.closed, 'the end')
    expect(sim.stats()).toMatchObject({ clients: 0, subscriptions: 0 })
  })
})

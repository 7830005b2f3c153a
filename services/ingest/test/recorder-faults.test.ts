import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGatewaySim } from '@ib-stream/gateway-sim'
import { hash31 } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { freePort } from '../../../test/support/free-port.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { frame, GatewayProxy, lengthFirst, notice, requestError } from './gateway-proxy.ts'
import { RecorderBench } from './support.ts'

const MNQ = { cid: 711280073, symbol: 'MNQ', tickTypes: ['bid_ask', 'last'] } as const
const BID_ASK = hash31(MNQ.cid, 'bid_ask')

type Gap = { tt: string; fromUs: number; toUs: number; cause: string; reason: string }

const gapsOf = async (bench: RecorderBench) => (await bench.events('gap')) as unknown as Gap[]
const recording = (bench: RecorderBench) =>
  waitFor('every stream has ticks', () => bench.recorder.state === 'ready' && bench.recorder.streams.every(({ ticks }) => ticks > 5))
const newestSt = (bench: RecorderBench) => Math.max(...bench.recorder.streams.map(({ lastStUs }) => lastStUs ?? 0))
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('Recorder, with a gateway that misbehaves', () => {
  it.each([
    ['a frame of length −4, of which the library makes a loop without end', lengthFirst(-4, Buffer.alloc(8))],
    ['a frame whose last field is not ended', lengthFirst(3, Buffer.from('99'.padEnd(3, 'x')))],
    ['an error with JSON that is none', frame(4, 2, 5, 201, 'rejected', '{no JSON')],
  ])('regression: lives through %s, comes back and declares the time away', async (_, garbage) => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using proxy = await GatewayProxy.start(sim.port)
    await using bench = await RecorderBench.open([MNQ], [proxy.port])
    await recording(bench)
    proxy.say(garbage)
    await waitFor('it comes back', () => bench.recorder.epoch === 2)
    const gaps = await waitFor('both gaps', async () => {
      const found = await gapsOf(bench)
      return found.length === 2 ? found : undefined
    })
    expect(gaps[0]?.reason).toContain('cannot be read')
  })

  it('goes on through frames that the library does not know, and puts what is no tick aside', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using proxy = await GatewayProxy.start(sim.port)
    await using bench = await RecorderBench.open([MNQ], [proxy.port])
    await recording(bench)
    proxy.say(frame(4711, 1, 'x'), frame(99, 12345, 3, 1753837634, 1, 2, 1, 1, 0), frame(99, BID_ASK, 3), frame('nonsense'))
    await waitFor('both are aside', async () => (await bench.bus.manager.streams.info('INVALID')).state.messages === 2)
    expect(bench.recorder.epoch).toBe(1)
  })

  it('regression: a cut from IB is declared from the last tick on, not from the moment the gateway says so', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using proxy = await GatewayProxy.start(sim.port)
    await using bench = await RecorderBench.open([MNQ], [proxy.port])
    await recording(bench)
    proxy.tickless = true
    await sleep(300)
    const lastSt = newestSt(bench)
    proxy.say(frame(49, 1, 1753837634)) // the gateway itself still answers
    await sleep(300)
    proxy.say(notice(1100), notice(1100))
    await waitFor('the cut is seen', () => bench.recorder.state === 'degraded')
    proxy.say(notice(1102))
    proxy.tickless = false
    const gaps = await waitFor('both gaps', async () => {
      const found = await gapsOf(bench)
      return found.length === 2 ? found : undefined
    })
    for (const { fromUs, toUs } of gaps) expect([fromUs, toUs > lastSt + 500_000]).toEqual([lastSt, true])
    expect((await bench.events('connection')).map(({ state }) => state)).toEqual(['connected', 'disconnected', 'connected'])
    expect(bench.recorder.epoch).toBe(1)
  })

  it('regression: ticks of the request before, which the gateway has not cancelled yet, ended the gap of a stream that was asked for anew', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using proxy = await GatewayProxy.start(sim.port)
    await using bench = await RecorderBench.open([MNQ], [proxy.port])
    await recording(bench)
    const [stream] = bench.recorder.streams
    const rid = stream?.rid ?? 0
    const ticks = () => bench.recorder.statusOf(rid)?.ticks ?? 0
    proxy.hold()
    bench.recorder.restartStream(rid, 'a test')
    const then = ticks()
    await waitFor('ticks come on', () => ticks() > then + 5)
    expect([...bench.recorder.openGaps.keys()]).toEqual([rid])
    const lastSt = newestSt(bench)
    proxy.letGo()
    const [gap] = await waitFor('its gap is over', async () => {
      const found = await gapsOf(bench)
      return found.length === 1 && found
    })
    expect(gap?.toUs).toBeGreaterThan(lastSt)
    expect(bench.recorder.openGaps.size).toBe(0)
  })

  it('asks for everything again after "data lost", with the gap from the last tick on', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using proxy = await GatewayProxy.start(sim.port)
    await using bench = await RecorderBench.open([MNQ], [proxy.port])
    await recording(bench)
    proxy.tickless = true
    await sleep(300)
    const lastSt = newestSt(bench)
    proxy.say(notice(1101))
    proxy.tickless = false
    await waitFor('it comes back', () => bench.recorder.epoch === 2 && newestSt(bench) > lastSt)
    const gaps = await waitFor('both gaps', async () => {
      const found = await gapsOf(bench)
      return found.length === 2 ? found : undefined
    })
    for (const { fromUs } of gaps) expect(fromUs).toBe(lastSt)
  })

  it('regression: is not recording while the gateway that takes requests is cut off from IB', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using proxy = await GatewayProxy.start(sim.port)
    proxy.beforeReady = notice(1100)
    proxy.tickless = true
    await using bench = await RecorderBench.open([MNQ], [proxy.port])
    await waitFor('it is connected', () => bench.recorder.epoch === 1)
    expect(bench.recorder.state).toBe('degraded')
    proxy.say(notice(1102))
    await waitFor('it records', () => bench.recorder.state === 'ready')
  })

  it('regression: a warning about a request is no refusal', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using proxy = await GatewayProxy.start(sim.port)
    await using bench = await RecorderBench.open([MNQ], [proxy.port])
    await recording(bench)
    proxy.say(requestError(BID_ASK, 2176))
    await waitFor('it is noted', () => bench.notes.some((note) => note.kind === 'notice' && note.code === 2176))
    expect(bench.recorder.streams.map(({ state }) => state)).toEqual(['subscribed', 'subscribed'])
    expect(await bench.events('gap')).toEqual([])
  })

  it('regression: a stream that ticks after its refusal is no longer called refused', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using proxy = await GatewayProxy.start(sim.port)
    await using bench = await RecorderBench.open([MNQ], [proxy.port])
    await recording(bench)
    proxy.say(requestError(BID_ASK, 10197))
    await waitFor('it is refused', () => bench.notes.some((note) => note.kind === 'stream' && note.state === 'refused'))
    await waitFor('it is subscribed again', () => bench.recorder.streams.every(({ state }) => state === 'subscribed'))
    expect(bench.recorder.streams[0]?.reason).toBeUndefined()
  })

  it('regression: declares at its stop what is missing until then', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using proxy = await GatewayProxy.start(sim.port)
    await using bench = await RecorderBench.open([MNQ], [proxy.port])
    await recording(bench)
    proxy.mute = true
    await sleep(300)
    const lastSt = newestSt(bench)
    await sleep(300)
    const stopped = Date.now() * 1_000 - 5_000 // our clock may stand 2 ms behind the system's
    await bench.stopRecorder()
    const gaps = await gapsOf(bench)
    expect(gaps.map(({ tt }) => tt).sort()).toEqual(['bid_ask', 'last'])
    for (const { fromUs, toUs } of gaps) expect([fromUs >= lastSt, fromUs < stopped - 250_000, toUs >= stopped]).toEqual([true, true, true])
  })

  it('regression: declares the time from its very first start on when the gateway was not there', async () => {
    const port = await freePort()
    const started = Date.now() * 1_000
    await using bench = await RecorderBench.open([MNQ], [port])
    await waitFor('an attempt fails', () => bench.notes.some((note) => note.kind === 'gateway' && note.code === 502))
    await using sim = await startGatewaySim({ port, rate: 5, lines: 100, repeatSeconds: 0 })
    void sim
    const gaps = await waitFor('both gaps', async () => {
      const found = bench.recorder.epoch > 0 ? await gapsOf(bench) : []
      return found.length === 2 ? found : undefined
    })
    const connected = Number((await bench.events('connection'))[0]?.st)
    for (const { fromUs, toUs } of gaps) expect([fromUs > started, fromUs < connected, toUs > connected]).toEqual([true, true, true])
  })

  it('regression: comes back to the port that took it, not to the next one', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using other = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using proxy = await GatewayProxy.start(sim.port)
    await using bench = await RecorderBench.open([MNQ], [proxy.port, other.port])
    await recording(bench)
    proxy.say(notice(1101))
    await waitFor('it comes back', () => bench.recorder.epoch === 2)
    expect(proxy.connections).toBe(2)
  })

  const ticksOf = (bench: RecorderBench) => bench.recorder.streams.reduce((sum, { ticks }) => sum + ticks, 0)
  const held = async (bench: RecorderBench) => {
    bench.publisherFull = true
    await waitFor('the gateway is not read', () => bench.recorder.isHeld)
    return ticksOf(bench)
  }

  it('stops reading the gateway while the spool does not take the ticks, and loses none', async () => {
    await using folder = await temporaryFolder()
    const truth = join(folder.path, 'truth.jsonl')
    const sim = await startGatewaySim({ port: 0, rate: 50, lines: 100, repeatSeconds: 0, truth })
    await using bench = await RecorderBench.open([MNQ], [sim.port])
    await recording(bench)
    const before = await held(bench)
    const sent = async () => (await readFile(truth, 'utf8')).split('\n').length - 1
    const then = await sent()
    await waitFor('the gateway goes on', async () => (await sent()) > then + 50)
    expect([ticksOf(bench), bench.recorder.state]).toEqual([before, 'ready'])
    bench.publisherFull = false
    await waitFor('it is read again', () => ticksOf(bench) > before + 50)
    expect([bench.recorder.isHeld, bench.recorder.epoch, await gapsOf(bench)]).toEqual([false, 1, []])
    await sim.close()
    await waitFor('every tick that the gateway sent', async () => ticksOf(bench) === (await sent()))
    expect(bench.notes.filter(({ kind }) => kind === 'reading')).toMatchObject([{ state: 'held' }, { state: 'going_on' }])
  })

  it('regression: a gateway that gives up on a client that does not read leaves a gap from the last tick on, and is dialled when there is room', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using proxy = await GatewayProxy.start(sim.port)
    await using bench = await RecorderBench.open([MNQ], [proxy.port])
    await recording(bench)
    await held(bench)
    const lastSt = newestSt(bench)
    proxy.hangUp()
    await sleep(500)
    expect([bench.recorder.epoch, proxy.connections]).toEqual([1, 1])
    bench.publisherFull = false
    await waitFor('it comes back', () => bench.recorder.epoch === 2)
    const gaps = await waitFor('both gaps', async () => {
      const found = await gapsOf(bench)
      return found.length === 2 ? found : undefined
    })
    for (const { cause, fromUs } of gaps) expect([cause, fromUs >= lastSt - 2_000_000]).toEqual(['spool_full', true])
  })
})

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'ibs-truth-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

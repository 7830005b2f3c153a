import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { freePort } from '../../../../test/support/free-port.ts'
import { nodeProgram, type TestProgram } from '../../../../test/support/program.ts'
import { waitFor } from '../../../../test/support/wait-for.ts'
import type { Finding } from '../../src/doctor/finding.ts'
import { openProbe } from '../../src/doctor/gateway-probe.ts'
import { runCli } from '../run-cli.ts'

let folder = ''
let [port, control] = [0, 0]
let simulator: TestProgram
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ibs-doctor-'))
  port = await freePort()
  control = await freePort()
  simulator = nodeProgram('gateway-sim', 'libs/gateway-sim/src/main.ts', {}, [
    ...['--port', String(port), '--control', String(control), '--repeat-seconds', '0'],
  ]).start()
  await waitFor('the simulator listens', () =>
    fetch(`http://127.0.0.1:${control}/health`).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
})
afterAll(async () => {
  await simulator[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

async function examined(more: Record<string, string> = {}): Promise<{ status: number | null; of(about: string): Finding[]; err: string }> {
  const run = runCli(['doctor', '--json'], {
    DATA_DIR: folder,
    IB_HOST: '127.0.0.1',
    IB_PORTS: String(port),
    IB_STREAM_OVERLAY: 'allow',
    IB_STREAM_TRACKED_CONTRACTS: '265598:AAPL:bid_ask;last:24',
    PORT: String(await freePort()),
    NATS_URL: '',
    ...more,
  })
  const status = await run.ended
  const findings = run.out
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Finding)
  return { status, err: run.err, of: (about) => findings.filter((finding) => finding.about === about) }
}

const states = (findings: readonly Finding[]) => findings.map(({ state }) => state)

describe('doctor', () => {
  it('finds nothing in the way of a gateway that is well', async () => {
    const seen = await examined()
    expect([seen.status, seen.err]).toEqual([0, ''])
    expect(seen.of('gateway')).toEqual([expect.objectContaining({ state: 'ok', found: expect.stringContaining('takes us') })])
    expect(seen.of('market data')).toEqual([{ about: 'market data', state: 'ok', found: '265598 gives ticks' }])
    for (const about of ['disk space', 'disk speed']) expect(['ok', 'warn']).toContain(states(seen.of(about))[0]) // of the machine that it is
    for (const about of ['clock', 'lines', 'data folder', 'time zones', 'ports']) expect(states(seen.of(about))).toEqual(['ok'])
    expect(['skipped', 'ok']).toContain(states(seen.of('nats'))[0]) // another recording of this machine may have the usual port
  })

  it('says where nothing listens, and what to do', async () => {
    const nobody = await freePort()
    const seen = await examined({ IB_PORTS: String(nobody) })
    expect(seen.status).toBe(1)
    expect(seen.of('gateway')).toEqual([
      {
        about: 'gateway',
        state: 'fail',
        found: `nothing listens on 127.0.0.1:${nobody}`,
        remedy: expect.stringContaining('ActiveX and Socket Clients'),
      },
    ])
  })

  it('counts lines before IB does, and finds NATS without JetStream, or none', async () => {
    const seen = await examined({ IB_STREAM_LINES: '1', NATS_URL: `nats://127.0.0.1:${await freePort()}` })
    expect(seen.status).toBe(1)
    expect(seen.of('lines')).toEqual([expect.objectContaining({ state: 'fail', found: expect.stringContaining('none for 265598 last') })])
    expect(states(seen.of('nats'))).toEqual(['fail'])
  })

  it('says that the client id is taken, and that a port is', async () => {
    const [clientId, held] = [851, await freePort()]
    const other = await openProbe({ host: '127.0.0.1', port, clientId: 30_000 + clientId, withinMs: 30_000 })
    if ('failure' in other) throw new Error(other.text)
    using _other = other
    const holder = createServer().listen(held, '127.0.0.1')
    const seen = await examined({ IB_CLIENT_ID: String(clientId), PORT: String(held) })
    holder.close()
    expect(seen.status).toBe(1)
    expect(seen.of('gateway')).toEqual([
      expect.objectContaining({ state: 'fail', remedy: expect.stringContaining('another IB_CLIENT_ID') }),
    ])
    expect(seen.of('ports')).toEqual([expect.objectContaining({ state: 'warn', found: expect.stringContaining(`${held} is taken`) })])
  })

  it('says that the data folder is none, and where everybody may write into it', async () => {
    const path = join(folder, 'a-file')
    await writeFile(path, '')
    const none = await examined({ DATA_DIR: path })
    expect([none.status, states(none.of('data folder'))]).toEqual([1, ['fail']])
    const open = join(folder, 'open')
    await mkdir(open)
    await chmod(open, 0o777)
    expect((await examined({ DATA_DIR: open })).of('data folder')).toEqual([
      expect.objectContaining({ state: 'warn', remedy: `chmod o-w ${open}` }),
    ])
  })
})

describe('doctor, of a gateway that has', () => {
  afterEach(async () => {
    expect((await fetch(`http://127.0.0.1:${control}/faults`, { method: 'DELETE' })).ok).toBe(true)
  })

  it.each([
    [{ fault: 'deny', code: '354' }, 'market data', 'fail', '(354)', 'Client Portal'],
    [{ fault: 'deny', code: '10189' }, 'market data', 'fail', '(10189)', 'Client Portal'],
    [{ fault: 'competing', seconds: 60 }, 'another login', 'fail', '(10197)', 'log the same user out'],
    [{ fault: 'clock', offsetSeconds: -30, seconds: 60 }, 'clock', 'fail', "s ahead of IB's", 'NTP'],
    [{ fault: 'mute', seconds: 60 }, 'gateway', 'fail', 'said nothing', 'not logged in'],
    [{ fault: 'deaf', request: 49, seconds: 60 }, 'gateway', 'fail', 'answers nothing', 'restart IB Gateway'],
    [{ fault: 'refuse', seconds: 60 }, 'gateway', 'fail', 'nothing listens', 'start IB Gateway'],
  ])('%j', async (fault, about, state, found, remedy) => {
    const ordered = await fetch(`http://127.0.0.1:${control}/faults`, { method: 'POST', body: JSON.stringify(fault) })
    expect([ordered.status, ordered.ok ? '' : await ordered.text()]).toEqual([ordered.status, ''])
    const seen = await examined()
    expect(seen.of(about)).toContainEqual({ about, state, found: expect.stringContaining(found), remedy: expect.stringContaining(remedy) })
    expect(seen.status).toBe(1)
  })
})

describe('doctor, of what is no gateway that trusts us', () => {
  let server: Server
  afterEach(() => new Promise((resolve) => server.close(resolve)))
  const listening = async (take: (port: number) => Server): Promise<number> => {
    const free = await freePort()
    server = take(free)
    await waitFor('it listens', () => server.listening)
    return free
  }

  it('says that the address is not trusted where the connection is closed at once', async () => {
    const closing = await listening((free) => createServer((socket) => socket.destroy()).listen(free, '127.0.0.1'))
    const seen = await examined({ IB_PORTS: String(closing) })
    expect(seen.of('gateway')).toEqual([expect.objectContaining({ state: 'fail', remedy: expect.stringContaining('Trusted IPs') })])
  })

  it('says that something else has the port', async () => {
    const web = await listening((free) =>
      createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))).listen(free, '127.0.0.1'),
    )
    const seen = await examined({ IB_PORTS: String(web) })
    expect(seen.of('gateway')).toEqual([
      expect.objectContaining({ state: 'fail', remedy: expect.stringContaining('something else has this port') }),
    ])
  })
})

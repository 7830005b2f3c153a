import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectBus, openTracked } from '@ib-stream/bus'
import { expect, it } from '@jest/globals'
import { connect } from '@nats-io/transport-node'
import { freePort } from './support/free-port.ts'
import { nodeProgram } from './support/program.ts'
import { SseClient } from './support/sse-client.ts'
import { parseLines } from './support/ticks.ts'
import { waitFor } from './support/wait-for.ts'

const [AAPL, MNQ, IBM] = [265598, 711280073, 8314]

/** Everything that goes over the bus is done once, by the service whose work it is; the server's own log then tells whether somebody was refused. */
it('lets every service do its work under its own key, all of it, and who has no key listen only', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'ibs-secured-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(dataDir, { recursive: true, force: true }))
  const refusals = async () =>
    (await readFile(join(dataDir, 'logs/nats.log'), 'utf8')).split('\n').filter((line) => / Violation/.test(line))
  const env = {
    DATA_DIR: dataDir,
    NATS_CREDENTIALS: join(dataDir, 'credentials'),
    PORT: String(await freePort()),
    SIM_PORT: String(await freePort()),
    IB_HOST: '',
    NATS_URL: '',
    IB_STREAM_NATS_SERVER: process.env.IB_STREAM_NATS_SERVER ?? 'nats-server',
    IB_STREAM_TRACKED_CONTRACTS: `${AAPL}:AAPL:bid_ask;last:24`,
    IB_STREAM_REQUEST_GUARD_MS: '0',
    IB_STREAM_RETENTION: 'json:9999d',
    KEEPER_EVERY_MS: '500',
  }
  const up = nodeProgram('up', 'apps/cli/src/main.ts', env, ['up']).start()
  stack.use(up)
  const apiUrl = await waitFor('all are ready', () => /ready: (http:\S+)/.exec(up.output)?.[1], 60_000)
  const cli = async (...args: string[]): Promise<string> => {
    const verb = nodeProgram('cli', 'apps/cli/src/main.ts', env, args).start()
    if ((await verb.exited) !== 0) throw new Error(`${args[0]}: ${verb.output}\n${(await refusals()).join('\n')}`)
    return verb.output
  }
  const get = async (path: string): Promise<string> => {
    const answer = await fetch(`${apiUrl}${path}`)
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}\n${(await refusals()).join('\n')}`)
    return text
  }
  const conf = await readFile(join(dataDir, '.state/nats/nats.conf'), 'utf8')
  const url = `nats://${/^listen: "(.+)"$/m.exec(conf)?.[1]}`

  await waitFor('ticks in the files', async () => parseLines(await get(`/v3/buffer/${AAPL}/query?format=ndjson`)).length > 5)
  {
    await using live = new SseClient(`${apiUrl}/v3/stream/${MNQ}/live/last`) // a lease
    await waitFor('ticks that were asked for', () => live.ticks.length > 3, 30_000)
  }
  await get('/v3/contracts/lookup/SPY')
  for (const path of [
    '/v3/snapshot',
    '/v3/gaps',
    '/v3/tracked',
    `/v3/coverage/${AAPL}`,
    '/health/streams',
    '/system/health',
    '/storage/status',
    '/time/status',
  ])
    await get(path)
  await cli('repair', '--dry-run')
  await cli('retention', '--dry-run', '--keep', 'json:9999d')
  await cli('backfill', 'AAPL', '--last', '30s', '-t', 'last', '--nats', url)

  const operator = stack.use(await connectBus({ url, name: 'cli', credentials: env.NATS_CREDENTIALS, signal: AbortSignal.timeout(60_000) }))
  const tracked = await openTracked(operator)
  await tracked.put(String(IBM), { name: String(IBM), symbol: 'IBM', tickTypes: ['last'], bufferHours: 24 })
  await waitFor(
    'what is tracked from now on is recorded',
    async () => parseLines(await get(`/v3/buffer/${IBM}/query?tick_types=last&format=ndjson`)).length > 3,
  )
  expect((await fetch(`${apiUrl}/v3/tracked/${IBM}`, { method: 'DELETE' })).status).toBe(204)
  const there = new Set<string>()
  for await (const message of await operator.connection.requestMany('$SRV.PING', '', { maxWait: 1_000 }))
    there.add(message.json<{ name: string }>().name)
  expect([...there].sort()).toEqual(['ingest', 'keeper', 'writer-json', 'writer-parquet', 'writer-proto'])

  expect(await refusals()).toEqual([])

  const viewer = await connect({ servers: url })
  stack.defer(() => viewer.close())
  const heard: string[] = []
  viewer.subscribe('ticks.>', { callback: (_, { subject }) => void heard.push(subject) })
  await waitFor('who looks on hears ticks', () => heard.includes(`ticks.${AAPL}.bid_ask`))
  viewer.publish(`ticks.${AAPL}.last`, '{"made":"up"}\n')
  await viewer.flush()
  await waitFor('the made up tick is refused', async () => (await refusals()).length > 0)
  expect((await refusals()).every((line) => line.includes(`ticks.${AAPL}.last`))).toBe(true)
}, 240_000)

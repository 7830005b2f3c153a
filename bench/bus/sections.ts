import { Ground } from './ground.ts'
import { Part, sharedClockUs } from './part.ts'

export type Mode = 'single' | 'batched'

/** One measured figure and, where it must reach something, what. */
export interface Figure {
  name: string
  value: number
  unit: 'ticks/s' | 'µs/tick' | 'ms' | 'lines/message'
  atLeast?: number
  atMost?: number
}

interface FeedResult extends Record<string, unknown> {
  tookUs: number
  cpuUs: number
  messages: number
}
interface ListenResult extends Record<string, unknown> {
  tookUs: number
  cpuUs: number
  taken: number
  p50Us: number
  p99Us: number
  p999Us: number
}

const NAMES: Record<Mode, string> = { single: 'one line a message', batched: 'batched' }
const rate = (ticks: number, us: number): number => Math.round((ticks / us) * 1e6)
const each = (us: number, ticks: number): number => Number((us / ticks).toFixed(2))

async function startFeed(ground: Ground, order: { ticks: number; mode: Mode | 'rate'; [more: string]: unknown }): Promise<Part> {
  const feed = await Part.start('feed', { natsUrl: ground.natsUrl, spoolFolder: ground.spoolFolder, ...order })
  await feed.answer('ready')
  return feed
}

async function startListener(ground: Ground, order: { ticks: number; kind: 'core' | 'hub' | 'drain'; epochUs?: number }): Promise<Part> {
  const part = await Part.start('listen', { natsUrl: ground.natsUrl, ...order })
  await part.answer('ready')
  return part
}

/** Publisher with its spool into an empty log; then that log back out through the ordered reader, and through each writer into files. */
export async function publishAndDrain(mode: Mode, ticks: number): Promise<Figure[]> {
  await using ground = await Ground.make()
  await using feed = await startFeed(ground, { ticks, mode })
  const serverBefore = await ground.serverCpuUs()
  feed.go()
  const fed = await feed.answer<FeedResult>('tookUs')
  const serverUs = (await ground.serverCpuUs()) - serverBefore
  const how = NAMES[mode]
  const wanted = mode === 'single' ? { publish: 40_000, json: 50_000, pb: 50_000 } : { publish: 500_000, json: 500_000, pb: 300_000 }
  return [
    { name: `publish with spool, ${how}`, value: rate(ticks, fed.tookUs), unit: 'ticks/s', atLeast: wanted.publish },
    { name: `publish, ${how}: lines a message`, value: Number((ticks / fed.messages).toFixed(1)), unit: 'lines/message' },
    { name: `publish, ${how}: CPU client`, value: each(fed.cpuUs, ticks), unit: 'µs/tick' },
    { name: `publish, ${how}: CPU server`, value: each(serverUs, ticks), unit: 'µs/tick' },
    ...(await drain(ground, how, ticks)),
    ...(await drainToFiles(ground, { how, backend: 'json', ticks, atLeast: wanted.json })),
    ...(await drainToFiles(ground, { how, backend: 'pb', ticks, atLeast: wanted.pb })),
  ]
}

async function drain(ground: Ground, how: string, ticks: number): Promise<Figure[]> {
  await using reader = await startListener(ground, { ticks, kind: 'drain' })
  const serverBefore = await ground.serverCpuUs()
  reader.go()
  const { tookUs, cpuUs } = await reader.answer<ListenResult>('tookUs')
  const serverUs = (await ground.serverCpuUs()) - serverBefore
  return [
    { name: `drain log → reader, ${how}`, value: rate(ticks, tookUs), unit: 'ticks/s', atLeast: 50_000 },
    { name: `drain, ${how}: CPU reader`, value: each(cpuUs, ticks), unit: 'µs/tick' },
    { name: `drain, ${how}: CPU server`, value: each(serverUs, ticks), unit: 'µs/tick' },
  ]
}

async function drainToFiles(
  ground: Ground,
  { how, backend, ticks, atLeast }: { how: string; backend: 'json' | 'pb'; ticks: number; atLeast: number },
): Promise<Figure[]> {
  // Beside another backend's files a new one first looks what those have that the log does not: here that would be counted as reading the log.
  await using writer = ground.writer(backend, backend === 'json' ? {} : { DATA_DIR: `${ground.dataDir}-${backend}` })
  await writer.started()
  await writer.takes(1)
  const [startedUs, taken, cpuBefore] = [sharedClockUs(), await writer.ticks(), await writer.cpuUs()]
  await writer.takes(ticks)
  const [tookUs, cpuUs] = [sharedClockUs() - startedUs, (await writer.cpuUs()) - cpuBefore]
  await writer.stop()
  if (backend === 'json') await assertInFiles(ground, ticks)
  return [
    { name: `log → ${backend} files, ${how}`, value: rate(ticks - taken, tookUs), unit: 'ticks/s', atLeast },
    { name: `log → ${backend}, ${how}: CPU writer`, value: each(cpuUs, ticks - taken), unit: 'µs/tick' },
  ]
}

async function assertInFiles(ground: Ground, ticks: number): Promise<void> {
  const found = await ground.ticksInJson()
  if (found !== ticks) throw new Error(`${found} ticks are in the json files, ${ticks} were sent`)
}

/** Everything at once: publisher, one or both writers, and a live client as query-api has them. */
export async function wholeChain(mode: Mode, backends: readonly ('json' | 'pb')[], ticks: number): Promise<Figure[]> {
  await using ground = await Ground.make()
  await using feed = await startFeed(ground, { ticks, mode })
  await using writers = new AsyncDisposableStack()
  const started = backends.map((backend) => writers.use(ground.writer(backend)))
  for (const writer of started) await writer.started()
  for (const writer of started) await writer.follows()
  await using live = await startListener(ground, { ticks, kind: 'hub' })
  const cpuBefore = { server: await ground.serverCpuUs(), writers: await Promise.all(started.map((writer) => writer.cpuUs())) }
  const startedUs = sharedClockUs()
  feed.go()
  const [fed, heard] = await Promise.all([
    feed.answer<FeedResult>('tookUs'),
    live.answer<ListenResult>('tookUs'),
    ...started.map((writer) => writer.takes(ticks)),
  ])
  const tookUs = sharedClockUs() - startedUs
  const writerUs = await Promise.all(started.map(async (writer, i) => (await writer.cpuUs()) - (cpuBefore.writers[i] ?? 0)))
  const serverUs = (await ground.serverCpuUs()) - cpuBefore.server
  for (const writer of started) await writer.stop()
  if (backends.includes('json')) await assertInFiles(ground, ticks)
  const what = `whole chain, ${backends.join(' + ')} + live, ${NAMES[mode]}`
  const target = backends.length < 2 ? {} : { atLeast: mode === 'single' ? 15_000 : 150_000 }
  return [
    { name: what, value: rate(ticks, tookUs), unit: 'ticks/s', ...target },
    { name: `${what}: CPU client`, value: each(fed.cpuUs, ticks), unit: 'µs/tick' },
    { name: `${what}: CPU server`, value: each(serverUs, ticks), unit: 'µs/tick' },
    ...backends.map(
      (backend, i): Figure => ({ name: `${what}: CPU writer ${backend}`, value: each(writerUs[i] ?? 0, ticks), unit: 'µs/tick' }),
    ),
    { name: `${what}: CPU live client`, value: each(heard.cpuUs, ticks), unit: 'µs/tick' },
  ]
}

/** From the stamp at the socket read to a subscriber in another process, with both writers at work; and to the bytes in the json files. */
export async function latency(perSecond: number, seconds: number): Promise<Figure[]> {
  await using ground = await Ground.make()
  const ticks = perSecond * seconds
  const epochUs = Date.now() * 1_000 - sharedClockUs()
  await using feed = await startFeed(ground, { ticks, mode: 'rate', perSecond, epochUs })
  await using json = ground.writer('json')
  await using pb = ground.writer('pb')
  for (const writer of [json, pb]) {
    await writer.started()
    await writer.follows()
  }
  await using subscriber = await startListener(ground, { ticks, kind: 'core', epochUs })
  await using files = await Part.start('watch-files', { folder: ground.dataDir, ticks, epochUs })
  await files.answer('ready')
  feed.go()
  const heard = await subscriber.answer<ListenResult>('tookUs')
  const written = await files.answer<ListenResult>('p50Us')
  const limits = perSecond === 1_000 ? { p50: { atMost: 2 }, p99: { atMost: 15 } } : { p50: {}, p99: {} }
  const ms = (us: number) => Number((us / 1_000).toFixed(2))
  const at = `at ${perSecond} ticks/s`
  return [
    { name: `socket read → subscriber ${at}: p50`, value: ms(heard.p50Us), unit: 'ms', ...limits.p50 },
    { name: `socket read → subscriber ${at}: p99`, value: ms(heard.p99Us), unit: 'ms', ...limits.p99 },
    { name: `socket read → subscriber ${at}: p99.9`, value: ms(heard.p999Us), unit: 'ms' },
    { name: `socket read → file ${at}: p50`, value: ms(written.p50Us), unit: 'ms' },
    { name: `socket read → file ${at}: p99`, value: ms(written.p99Us), unit: 'ms' },
    { name: `socket read → file ${at}: p99.9`, value: ms(written.p999Us), unit: 'ms' },
  ]
}

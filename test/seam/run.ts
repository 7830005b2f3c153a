import { setTimeout as sleep } from 'node:timers/promises'
import type { TickMessage } from '@ib-stream/model'
import { encodeTickJson } from '@ib-stream/storage'
import { Random } from '../chaos/random.ts'
import { waitFor } from '../support/wait-for.ts'
import { type Asked, type SeamClient, SseSeamClient, WsSeamClient } from './clients.ts'
import { FAULTS } from './faults.ts'
import { findingsOf, isDue, mayLack } from './judge.ts'
import { CIDS, START_US, Truth } from './truth.ts'
import { SeamWorld } from './world.ts'

export interface SeamOptions {
  clients: number
  /** How long clients join, and faults happen; s. */
  seconds: number
  seed: number
  say(line: string): void
}

export interface SeamReport {
  ticks: number
  faults: readonly string[]
  connections: number
  /** Ticks given to all clients. */
  given: number
  /** So often a client was told that late ticks may be missing, and so often one had to ask anew, because the log was trimmed. */
  trimmed: { incomplete: number; startedOver: number }
  /** In which ways what a client got, or what the files hold, is not the truth. */
  findings: readonly string[]
}

const PUMP_EVERY_MS = 20
/** There is a history before the first client. */
const TICKS_BEFORE = 3_000
const MOST_AT_ONCE = 16
/** For a machine that does much else besides. */
const CAUGHT_UP_MS = { least: 60_000, ofEachClient: 2_000 }
/** Of pino. */
const ERROR_LEVEL = 50
const HOUR_US = 3_600_000_000

/** Clients join at random times while services are killed, stopped, frozen and scaled, and each is held to the truth from its start. */
export async function runSeam({ clients: count, seconds, seed, say }: SeamOptions): Promise<SeamReport> {
  const truth = new Truth(new Random(seed))
  await using world = await SeamWorld.open()
  world.publish(truth.next(TICKS_BEFORE))
  await world.settled()
  await using clients = new AsyncDisposableStack()
  const joined: SeamClient[] = []
  const over = new AbortController()
  const pumping = pump(world, truth, new Random(seed + 1), over.signal)
  const joining = join(world, truth, { random: new Random(seed + 2), count, seconds, add: (client) => joined.push(clients.use(client)) })
  const faults = await harm(world, truth, { random: new Random(seed + 3), seconds, say })
  await joining
  over.abort()
  await pumping
  await world.ready()
  await world.settled()
  say(`${truth.ticks.length} ticks are published, ${joined.length} clients have joined`)
  const deadlineMs = CAUGHT_UP_MS.least + count * CAUGHT_UP_MS.ofEachClient
  const caughtUp = waitFor('every client has what is due to it', allHave(joined, truth), deadlineMs)
  await caughtUp.catch(() => say(`not all have caught up within ${deadlineMs} ms`)) // what they lack is told below
  await clients.disposeAsync()
  await world.trimmed()
  const sumOf = (count: (client: SeamClient) => number) => joined.reduce((sum, client) => sum + count(client), 0)
  const findings = joined.flatMap((client, n) =>
    findingsOf(client, truth.ticks).map((finding) => `client ${n} (${client.constructor.name}, from ${client.startUs}): ${finding}`),
  )
  return {
    ticks: truth.ticks.length,
    faults,
    connections: sumOf(({ connections }) => connections.length),
    given: sumOf(({ seen }) => seen.size),
    trimmed: { incomplete: sumOf(({ incomplete }) => incomplete.length), startedOver: sumOf(({ startedOver }) => startedOver) },
    findings: [...findings, ...failuresOf(world), ...(await inFiles(world, truth))],
  }
}

async function pump(world: SeamWorld, truth: Truth, random: Random, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    world.publish(truth.next(Math.floor(random.between(0, MOST_AT_ONCE))))
    await sleep(PUMP_EVERY_MS)
  }
}

interface Joining {
  random: Random
  count: number
  seconds: number
  add(client: SeamClient): void
}

/** Two thirds by SSE, one third by WebSocket; from the beginning, from some hour on, or live alone; a third of them hangs up now and then. */
async function join({ stack }: SeamWorld, truth: Truth, { random, count, seconds, add }: Joining): Promise<void> {
  for (let n = 0; n < count; n++) {
    const startUs = random.pick([0, 0, START_US + HOUR_US, START_US + 3 * HOUR_US, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
    const leavesAfter = random.next() < 1 / 3 ? Array.from({ length: 4 }, () => Math.ceil(random.between(0, 1_500))) : []
    const some = CIDS.filter(() => random.next() < 0.5)
    const asked: Asked = { cids: [random.pick(CIDS)], startUs, leavesAfter }
    add(
      n % 3 < 2
        ? new SseSeamClient(stack.apiUrl, truth, asked).start()
        : new WsSeamClient(stack.apiUrl, truth, { ...asked, cids: some.length > 0 ? some : CIDS }).start(),
    )
    await sleep(random.between(0, (2 * seconds * 1_000) / count))
  }
}

/** Every fault once in a random order, then some again, one after the other. */
async function harm(
  world: SeamWorld,
  truth: Truth,
  { random, seconds, say }: { random: Random; seconds: number; say(line: string): void },
): Promise<string[]> {
  const names = Object.keys(FAULTS)
  const left = [...names]
  const done: string[] = []
  const startedMs = performance.now()
  while (left.length > 0 || performance.now() - startedMs < seconds * 1_000) {
    const name = random.pick(left.length > 0 ? left : names)
    if (left.includes(name)) left.splice(left.indexOf(name), 1)
    say(`${((performance.now() - startedMs) / 1_000).toFixed(1)} s: ${name}`)
    await FAULTS[name]?.(world, truth, random)
    done.push(name)
    await sleep(random.between(100, 900))
  }
  return done
}

/** Looks again and again, at each from the first tick that it lacked; one that starts over from the beginning. */
function allHave(clients: readonly SeamClient[], { ticks }: Truth): () => boolean {
  const reached = new Map(clients.map((client) => [client, { startedOver: client.startedOver, place: 0 }]))
  const has = (client: SeamClient, place: number) => {
    const tick = ticks[place] as TickMessage
    return !isDue(client, tick, place) || client.seen.has(place) || mayLack(client, tick, place)
  }
  return () => {
    for (const [client, at] of reached) {
      if (at.startedOver !== client.startedOver) Object.assign(at, { startedOver: client.startedOver, place: 0 })
      while (at.place < ticks.length && has(client, at.place)) at.place += 1
    }
    return [...reached.values()].every(({ place }) => place === ticks.length)
  }
}

/** What query-api says of itself in its log. */
const failuresOf = ({ stack }: SeamWorld): string[] =>
  stack.queryApi.log.filter(({ level }) => Number(level) >= ERROR_LEVEL).map((entry) => `query-api: ${JSON.stringify(entry)}`)

/** Each tick is in the files of every backend once; of those that retention thins out all that are left are held to the truth. */
async function inFiles(world: SeamWorld, truth: Truth): Promise<string[]> {
  const all = truth.ticks.map(encodeTickJson).toSorted()
  const findings: string[] = []
  for (const backend of world.backends) {
    const found = (await world.linesInFiles(backend, truth.ticks.length)).toSorted()
    const left = new Set(found)
    const wanted = world.isKept(backend) ? all : all.filter((line) => left.has(line))
    if (found.length !== wanted.length) findings.push(`${found.length} ticks are in ${backend}, ${wanted.length} were published`)
    else findings.push(...found.flatMap((line, i) => (line === wanted[i] ? [] : [`in ${backend}: ${line}`])).slice(0, 5))
  }
  if (world.backends.includes('parquet') && (await world.sealedFiles()) === 0) findings.push('no hour was sealed meanwhile')
  return findings
}

import { setTimeout as sleep } from 'node:timers/promises'
import { connectBus, readLog } from '@ib-stream/bus'
import { verify } from '@ib-stream/storage'
import { eventsAreWhole, isAt, lastSequences, newestInLog, storedEvents } from './catch-up.ts'
import { isClean, judge, type Verdict } from './check/judge.ts'
import { emptyRecord, inject, type Record } from './inject.ts'
import { type Fault, planFaults } from './plan.ts'
import { askAll, probeHistory } from './probe.ts'
import { Random } from './random.ts'
import { quantile, takeOvers } from './take-over.ts'
import { BACKEND_OF, World } from './world.ts'

/** What is to be looked into. */
const SLOW_TAKE_OVER_MS = 2_000

export interface ChaosOptions {
  seed: number
  minutes: number
  replicas: number
  /** Times the pace of the simulator's model. */
  rate: number
  /** Pause between the beginnings of two faults, ms. */
  everyMs: readonly [least: number, most: number]
  /** How long a backend is away, once a run, ms; 0: never. */
  awayMs: number
  say: (line: string) => void
  /** Ends the run before its time: everything is taken down, and its reason is thrown. */
  signal?: AbortSignal
}

export interface ChaosReport {
  verdict: Verdict
  faults: readonly Fault[]
  /** Kinds of fault that this machine does not allow. */
  skipped: string[]
  takeOverMs: { count: number; p50: number | undefined; p99: number | undefined; worst: number | undefined }
  catchUpMs: readonly number[]
  probes: number
  /** First sequence that the keeper left in the log. */
  purgedBelowSeq: number
  oddEnds: readonly string[]
  clean: boolean
}

/** One run of faults over the real services, and its judgement. The seed gives the faults and the ticks; what the machine makes of the timing is its own. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, minutes, replicas, rate, signal = new AbortController().signal } = options
  const diskMegabytes = 160 + Math.ceil(minutes * 30 * Math.max(1, rate / 2))
  await using world = await World.make({ replicas, rate, diskMegabytes, seed })
  return await unlessAborted(runIn(world, options), signal)
}

async function runIn(world: World, options: ChaosOptions): Promise<ChaosReport> {
  const { seed, minutes, replicas, say } = options
  const durationMs = minutes * 60_000
  const { notMounted } = world.dataDisk
  const skipped = notMounted === undefined ? [] : [`full disks: cannot mount (${notMounted})`]
  for (const what of skipped) say(`SKIPPED ${what}`)
  const faults = planFaults({
    seed,
    durationMs,
    replicas,
    everyMs: options.everyMs,
    canMount: notMounted === undefined,
    awayMs: options.awayMs,
  })
  await world.start(replicas)
  say(`${faults.length} faults in ${minutes} minutes, seed ${seed}`)
  const stopProbes = new AbortController()
  const probing = probeHistory(world, new Random(seed + 1), stopProbes.signal)
  const record = emptyRecord()
  const startMs = Date.now()
  await playFaults(world, faults, { replicas, record, say, startMs })
  await sleep(Math.max(0, startMs + durationMs - Date.now()))
  say('all is mended; waiting until the files are whole')
  const purgedBelowSeq = await settle(world, record)
  stopProbes.abort()
  const probes = await probing
  const events = await storedEvents(world)
  await stopWriters(world, record)
  const { dataDisk, truthFile, live, forgotten } = world
  const verdict = await judge({
    dataDir: dataDisk.folder,
    truthFile,
    live,
    forgotten,
    witnesses: record.witnesses,
    probes,
    events,
    ask: (cid) => askAll(world, cid),
  })
  const { damage, unreachable } = await verify({ dataDir: dataDisk.folder })
  for (const { kind, path, detail } of damage) {
    verdict.counts.changed += 1
    verdict.findings.push(`verify: ${path}: ${kind} (${detail})`)
  }
  record.oddEnds.push(...unreachable.map(({ path, reason }) => `verify cannot look at ${path}: ${reason}`))
  const taken = takeOvers(world, record.kills, faults, startMs)
  const times = taken.map(({ ms }) => ms)
  const slow = taken.filter(({ ms }) => ms > SLOW_TAKE_OVER_MS)
  for (const { writer, partition, ms, atMs } of slow)
    say(`partition ${partition} of ${writer}, killed at ${(atMs / 1_000).toFixed(1)} s, had no owner for ${ms} ms`)
  const takeOverMs = { count: times.length, p50: quantile(times, 0.5), p99: quantile(times, 0.99), worst: quantile(times, 1) }
  const clean = isClean(verdict) && record.oddEnds.length === 0
  for (const { refusals } of clean ? [] : world.lives)
    for (const [why, times] of refusals) say(`a live client was turned away ${times} times: ${why}`)
  if (!clean || slow.length > 0) say(`${world.lastWords()}\nall that they said: ${await world.keepWords()}`)
  const { catchUpMs, oddEnds } = record
  return { verdict, faults, skipped, takeOverMs, catchUpMs, probes: probes.length, purgedBelowSeq, oddEnds, clean }
}

interface Play {
  replicas: number
  record: Record
  say: (line: string) => void
  startMs: number
}

/** Each fault begins at its time, whether those before it are over or not. */
async function playFaults(world: World, faults: readonly Fault[], { replicas, record, say, startMs }: Play): Promise<void> {
  const playing: Promise<void>[] = []
  for (const fault of faults) {
    await sleep(Math.max(0, startMs + fault.atMs - Date.now()))
    const { target, action, ms, amount } = fault
    say(`${String((fault.atMs / 1_000).toFixed(1)).padStart(7)} s  ${action} ${target} for ${ms} ms${amount ? ` (${amount})` : ''}`)
    const work = inject(world, fault, replicas, record)
    work.catch((error: unknown) => say(`${action} ${target} could not be done: ${String(error)}`))
    playing.push(work)
  }
  await Promise.all(playing)
}

/**
 * The gateway ends, ingest notices, cuts the log when the keeper asks, and ends; then every backend and every live client has all that the log has.
 * @returns first sequence of the log
 */
async function settle(world: World, record: Record): Promise<number> {
  await world.waitFor('ingest records again', async () => (await world.ingestHealth())?.ready === true)
  const { simulator, ingest } = world
  const from = ingest.output.length
  await simulator.stop()
  await world.waitFor('ingest has seen the end', () => ingest.output.slice(from).includes('"to":"connecting"'))
  const firstSeq = await trimmed(world)
  const code = await ingest.stop()
  if (code !== 0) record.oddEnds.push(`ingest ended with ${code} on SIGTERM`)
  const goals = await world.waitFor('the log says where it ends', () => lastSequences(world).catch(() => undefined))
  for (const backend of Object.values(BACKEND_OF))
    await world.waitFor(`${backend} holds all of the log`, () => isAt(world, backend, goals).catch(() => false))
  await world.waitFor('the events are in their files', () => eventsAreWhole(world).catch(() => false))
  const newest = await world.waitFor('the log gives its newest ticks', () => newestInLog(world).catch(() => undefined))
  const haveAll = () => [...newest].every(([stream, us]) => (world.newestLiveUs.get(stream) ?? 0) >= us)
  await world.waitFor('every live client has the newest ticks', haveAll).catch(() => undefined) // what they lack the judge tells
  let before = -1
  await world.waitFor('nothing more comes live', async () => {
    const quiet = world.live.length === before
    before = world.live.length
    await sleep(1_500)
    return quiet
  })
  return firstSeq
}

/** Everything is in the files for sure sooner or later, and the ticks grow older than the log is to keep: the keeper has it trimmed, by the ingest that runs. */
async function trimmed(world: World): Promise<number> {
  await using bus = await connectBus({ url: world.natsUrl, name: 'chaos' })
  return await world.waitFor('the keeper has trimmed the log', async () => {
    const log = await readLog(bus.manager).catch(() => undefined)
    return log && log.firstSeq > 1 ? log.firstSeq : undefined
  })
}

/** The last commit names everything, so that the files can be held to their manifests. */
async function stopWriters(world: World, record: Record): Promise<void> {
  for (const [name, program] of world.writers) {
    if (!program.running) continue
    const code = await program.stop()
    if (code !== 0) record.oddEnds.push(`${name} ended with ${code} on SIGTERM`)
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true })
  return await Promise.race([work, aborted.promise])
}

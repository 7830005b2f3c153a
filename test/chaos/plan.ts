import { Random } from './random.ts'

/** What is hit. Two faults at once never share one. */
export type Target =
  | 'nats'
  | 'dataDisk'
  | 'gateway'
  | 'gatewayLink'
  | 'ingest'
  | 'ingestLink'
  | 'queryApi'
  | 'queryApiLink'
  | 'keeper'
  | 'keeperLink'
  | `${WriterName}`
  | `${WriterName}Link`
  | 'scale'

/** Writers by the last part of their name. */
export const WRITERS = ['json', 'proto', 'parquet'] as const
export type Writer = (typeof WRITERS)[number]
export type WriterName = `${Writer}${number}`

/** What is done. `ms` of a fault: how long the thing is dead, frozen, cut off or full. */
export const ACTIONS = [
  'kill', // kill -9, started again after `ms`
  'stop', // SIGTERM, started again after `ms`
  'freeze', // SIGSTOP, SIGCONT after `ms`
  'blackHole', // the link swallows; what it held arrives late
  'cut', // the link resets everything
  'slow', // each chunk is a while late
  'diskFull', // not a byte is free
  'rollBack', // NATS dies, and comes back on a copy of its store from seconds before
  'misstamp', // the gateway's stamps are hours behind, so ticks go to files of hours that are closed
  'scaleUp', // one replica more of each backend, for a while
  'away', // all replicas of a backend are killed and stay away
] as const
export type Action = (typeof ACTIONS)[number]

export interface Fault {
  atMs: number
  target: Target
  action: Action
  ms: number
  /** `slow`: what each chunk waits, ms. `rollBack`: how old the copy is, ms. `away`: which of WRITERS. `misstamp`: hours. */
  amount: number
}

interface Kind {
  action: Action
  targets: readonly Target[]
  /** How often, compared with the others. */
  weight: number
  ms: readonly [least: number, most: number]
  amount?: readonly [least: number, most: number]
}

export interface PlanOptions {
  seed: number
  durationMs: number
  replicas: number
  /** Pause between the beginnings of two faults, ms. */
  everyMs: readonly [least: number, most: number]
  /** File systems of their own can be mounted, so disks can be filled. */
  canMount: boolean
  /** How long all replicas of a backend stay away, once a run; 0: never. */
  awayMs: number
}

function kindsOf({ replicas, canMount }: PlanOptions): Kind[] {
  const writers = WRITERS.flatMap((name) => Array.from({ length: replicas }, (_, i): WriterName => `${name}${i}`))
  const links = writers.map((name): Target => `${name}Link`)
  const kinds: Kind[] = [
    { action: 'kill', targets: writers, weight: 8, ms: [0, 3_000] },
    { action: 'freeze', targets: writers, weight: 4, ms: [1_000, 7_000] },
    { action: 'stop', targets: writers, weight: 3, ms: [0, 3_000] },
    { action: 'scaleUp', targets: ['scale'], weight: 2, ms: [4_000, 10_000] },
    { action: 'blackHole', targets: links, weight: 3, ms: [2_000, 12_000] },
    { action: 'cut', targets: links, weight: 2, ms: [100, 8_000] },
    { action: 'slow', targets: links, weight: 1, ms: [2_000, 8_000], amount: [20, 400] },
    { action: 'kill', targets: ['nats'], weight: 4, ms: [300, 6_000] },
    { action: 'stop', targets: ['nats'], weight: 1, ms: [300, 3_000] },
    { action: 'freeze', targets: ['nats'], weight: 2, ms: [1_000, 6_000] },
    { action: 'rollBack', targets: ['nats'], weight: 2, ms: [200, 2_000], amount: [1_000, 8_000] },
    { action: 'kill', targets: ['ingest'], weight: 3, ms: [0, 2_000] },
    { action: 'freeze', targets: ['ingest'], weight: 2, ms: [1_000, 5_000] },
    { action: 'stop', targets: ['ingest'], weight: 1, ms: [0, 2_000] },
    { action: 'blackHole', targets: ['ingestLink'], weight: 3, ms: [1_000, 10_000] },
    { action: 'cut', targets: ['ingestLink'], weight: 2, ms: [100, 6_000] },
    { action: 'slow', targets: ['ingestLink'], weight: 1, ms: [2_000, 6_000], amount: [20, 400] },
    { action: 'cut', targets: ['gatewayLink'], weight: 2, ms: [50, 4_000] },
    { action: 'blackHole', targets: ['gatewayLink'], weight: 1, ms: [1_000, 5_000] },
    { action: 'slow', targets: ['gatewayLink'], weight: 1, ms: [1_000, 6_000], amount: [20, 300] },
    { action: 'misstamp', targets: ['gateway'], weight: 4, ms: [500, 3_000], amount: [1, 3] },
    { action: 'kill', targets: ['keeper'], weight: 2, ms: [0, 2_000] },
    { action: 'freeze', targets: ['keeper'], weight: 1, ms: [1_000, 6_000] },
    { action: 'blackHole', targets: ['keeperLink'], weight: 1, ms: [1_000, 8_000] },
    { action: 'kill', targets: ['queryApi'], weight: 2, ms: [0, 1_500] },
    { action: 'freeze', targets: ['queryApi'], weight: 1, ms: [1_000, 5_000] },
    { action: 'blackHole', targets: ['queryApiLink'], weight: 1, ms: [1_000, 8_000] },
    { action: 'cut', targets: ['queryApiLink'], weight: 1, ms: [100, 5_000] },
  ]
  if (!canMount) return kinds
  return [
    ...kinds,
    { action: 'diskFull', targets: ['nats'], weight: 2, ms: [1_000, 5_000] },
    { action: 'diskFull', targets: ['dataDisk'], weight: 3, ms: [1_000, 6_000] },
  ]
}

/** A program needs this long to be itself again before the next fault hits it. */
const REST_MS = 1_500

/** The faults of a run, in the order of their beginnings: a function of the options alone, so that a seed can be run again. */
export function planFaults(options: PlanOptions): Fault[] {
  const random = new Random(options.seed)
  const kinds = kindsOf(options)
  const busyUntilMs = new Map<Target, number>()
  const faults: Fault[] = []
  const away = awayFault(options, random)
  const [least, most] = options.everyMs
  for (let atMs = random.between(least, most); atMs < options.durationMs; atMs += random.between(least, most)) {
    const kind = weighted(random, kinds)
    const target = random.pick(kind.targets)
    const ms = Math.round(random.between(...kind.ms))
    const amount = Math.round(random.between(...(kind.amount ?? [0, 0])))
    const fault = { atMs: Math.round(atMs), target, action: kind.action, ms, amount }
    const lastsMs = kind.action === 'rollBack' ? amount + ms : ms
    if ((busyUntilMs.get(target) ?? 0) > atMs || (away && collides(fault, away))) continue
    busyUntilMs.set(target, atMs + lastsMs + REST_MS)
    faults.push(fault)
  }
  return away ? [...faults, away].sort((a, b) => a.atMs - b.atMs) : faults
}

/** Once, in the middle of a run that is long enough: a backend is away, and must catch up. */
function awayFault({ durationMs, awayMs }: PlanOptions, random: Random): Fault | undefined {
  if (awayMs === 0 || durationMs < 3 * awayMs) return undefined
  return { atMs: Math.round(durationMs / 2), target: 'scale', action: 'away', ms: awayMs, amount: random.pick([...WRITERS.keys()]) }
}

/** While a backend is away, and while it is measured how fast it comes back, nothing else happens to it or to the log. */
const CATCH_UP_MS = 15_000

function collides(fault: Fault, away: Fault): boolean {
  const writer = WRITERS[away.amount] ?? 'json'
  const [fromMs, toMs] = [away.atMs - 15_000, away.atMs + away.ms + CATCH_UP_MS]
  const hitsBackend = fault.target.startsWith(writer) || fault.target === 'scale'
  const measuring = fault.atMs + fault.ms > away.atMs + away.ms - 2_000
  return fault.atMs < toMs && fault.atMs + fault.ms > fromMs && (hitsBackend || measuring)
}

function weighted(random: Random, kinds: readonly Kind[]): Kind {
  let rest = random.next() * kinds.reduce((sum, { weight }) => sum + weight, 0)
  for (const kind of kinds) {
    rest -= kind.weight
    if (rest < 0) return kind
  }
  return kinds[0] as Kind
}

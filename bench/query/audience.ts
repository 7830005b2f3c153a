import { Part } from '../bus/part.ts'
import { TAPE_CIDS } from '../bus/tape.ts'
import type { Figure } from '../storage/figure.ts'
import type { QueryGround } from './ground.ts'

export interface AudienceOptions {
  clients: number
  idle: number
  perSecond: number
  seconds: number
}

/** What SSE clients say of what came to them. */
export interface Heard extends Record<string, unknown> {
  missing: number
  ended: number
  disordered: number
  taken: number
  p50Us: number
  p99Us: number
  p999Us: number
}

const SETTLE_MS = 20_000

/** A publisher that sends so many ticks of one contract a second, and SSE clients of it; µs of query-api's CPU meanwhile. */
export async function listenTo(
  ground: QueryGround,
  { clients, idle, perSecond, seconds }: AudienceOptions,
): Promise<{ heard: Heard; apiCpuUs: number }> {
  const ticks = perSecond * seconds
  const epochUs = Date.now() * 1_000 - Number(process.hrtime.bigint() / 1_000n)
  const { natsUrl, spoolFolder } = ground.ground
  await using feed = await Part.start('feed', { natsUrl, spoolFolder, ticks, mode: 'rate', perSecond, epochUs, contracts: 1 })
  await feed.answer('ready')
  await ground.live()
  const order = { url: ground.url, cid: TAPE_CIDS[0], clients, idle, ticks, epochUs, withinMs: seconds * 1_000 + SETTLE_MS }
  await using audience = await Part.start('listen-sse', order, 'bench/query')
  await audience.answer('ready')
  const before = await ground.apiCpuUs()
  feed.go()
  const heard = await audience.answer<Heard>('missing')
  return { heard, apiCpuUs: (await ground.apiCpuUs()) - before }
}

/** Nobody lacks a tick, nobody was ended, nothing came out of order. */
export const wholeness = (name: string, { missing, ended, disordered }: Heard): Figure[] => [
  { name: `${name}: ticks that did not come`, value: missing, unit: 'ticks', atMost: 0 },
  { name: `${name}: clients that were ended`, value: ended, unit: 'clients', atMost: 0 },
  { name: `${name}: ticks out of order`, value: disordered, unit: 'ticks', atMost: 0 },
]

export const ms = (us: number): number => us / 1_000

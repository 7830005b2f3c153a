import { setTimeout as sleep } from 'node:timers/promises'
import { type PlainTick, parseLines } from '../support/ticks.ts'
import type { Probe } from './check/judge.ts'
import type { Random } from './random.ts'
import { CONTRACTS, TICK_TYPES, type World } from './world.ts'

const EVERY_MS = 1_000
const RANGE_US = 20_000_000
const ANSWER_WITHIN_MS = 30_000

/** Asks the API for the last seconds of one stream after the other while everything fails, and keeps what it answers; an error is an honest answer too. */
export async function probeHistory(world: World, random: Random, signal: AbortSignal): Promise<Probe[]> {
  const probes: Probe[] = []
  while (!signal.aborted) {
    const [cid, tt] = [random.pick(CONTRACTS), random.pick(TICK_TYPES)]
    const stream = `${cid}_${tt}`
    const newestUs = world.newestLiveUs.get(stream) ?? 0
    const endUs = Date.now() * 1_000
    const startUs = endUs - RANGE_US
    const answer = await ask(world, cid, tt, startUs, endUs).catch(() => undefined)
    if (answer) {
      // A tick that was seen live is wanted where the answer says that its end is whole, and the log was not put back to before it.
      const seenUs = answer.whole && !world.rolledBackLately ? newestUs : 0
      probes.push({ stream, startUs, endUs, stamps: answer.ticks.map(({ st = 0 }) => st).sort((a, b) => a - b), seenUs })
    }
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
  return probes
}

async function ask(
  world: World,
  cid: number,
  tt: string,
  startUs: number,
  endUs: number,
): Promise<{ ticks: PlainTick[]; whole: boolean } | undefined> {
  const url = `${world.apiUrl}/v3/buffer/${cid}/query?tick_types=${tt}&start_time=${startUs}&end_time=${endUs}&format=ndjson`
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
  if (response.status !== 200) return undefined
  return { ticks: parseLines(await response.text()), whole: response.headers.get('ibs-tail') !== 'unavailable' }
}

/** All that the API has of a contract. */
export async function askAll(world: World, cid: number): Promise<PlainTick[]> {
  const url = `${world.apiUrl}/v3/buffer/${cid}/query?tick_types=${TICK_TYPES.join(',')}&start_time=0&end_time=${Date.now() * 1_000 + 60_000_000}&format=ndjson`
  const response = await world.waitFor('query-api is to be reached', () => fetch(url).catch(() => undefined)) // a kept connection may just have been closed
  if (response.status !== 200) throw new Error(`${url} answered ${response.status} ${await response.text()}`)
  return parseLines(await response.text())
}

// `npm run chaos -- day [seed] [rate]`: a day of 24 hours in minutes. CME's break, the gateway's daily restart, IB's nightly reset, a roll, a halt, and twenty
// faults at random; judged like every scenario. On a loaded machine it takes longer, its time stands still in each stall. Prints what is wrong, and ends with 1 where something is.
import type { FaultOrder } from '@ib-stream/gateway-sim'
import { GAP_CAUSES } from '@ib-stream/model'
import { Random } from '../chaos/random.ts'
import { judge } from './judge.ts'
import { slackUs } from './market-text.ts'
import { LONGEST_STALL_MS, makeTimePatient } from './patient-time.ts'
import { IBM, MNQ, type Scenario } from './scenario.ts'
import { World } from './world.ts'

const [seed = 1, rate = 200] = process.argv.slice(2).map(Number)
/** An evening in New York, half an hour before CME's break. */
const START = '2026-12-09T21:30:00Z'
const HOUR = 3_600
const DAY = 24 * HOUR
const FAULTS = 20
/** A tick passes some turns of the event loop on its way, and a loaded machine may let each wait. */
const WAITS = 8

/** What the day has for sure, by seconds since its start. */
const PLAN: readonly (readonly [atSeconds: number, order: FaultOrder])[] = [
  [7.25 * HOUR, { fault: 'restart', seconds: 240 }], // 23:45 in New York
  [8 * HOUR, { fault: 'connectivity', times: 5, seconds: 40, end: '1102' }],
  [18.5 * HOUR, { fault: 'halt', cid: IBM, seconds: 300 }], // 11:00 in New York
]

const SOME: readonly FaultOrder[] = [
  { fault: 'mute', seconds: 60 },
  { fault: 'split', seconds: 120, bytes: 5 },
  { fault: 'cut', how: 'rst' },
  { fault: 'cut', how: 'fin', where: 'frame' },
  { fault: 'refuse', seconds: 120 },
  { fault: 'connectivity', times: 3, seconds: 60, end: '1101' },
  { fault: 'connectivity', times: 1, seconds: 30, end: '1102', flow: 'silent' },
  { fault: 'farm', farm: 'usfuture', seconds: 60 },
  { fault: 'farm', farm: 'usfarm', seconds: 30, flow: 'silent' },
  { fault: 'competing', seconds: 120 },
  { fault: 'after-cancel', seconds: 300, goOnSeconds: 10 },
  { fault: 'deaf', request: 97, seconds: 60 },
  { fault: 'garbage', hex: 'fffffffc00000000' },
]

const scenario: Scenario = {
  name: `a day, seed ${seed}`,
  causes: ['daily_restart', 'connectivity_lost'],
  mayCause: GAP_CAUSES,
  // What is sent of the contract that leaves the series while its end is on the way is not recorded.
  unwanted: [`${MNQ}_bid_ask`, `${MNQ}_last`],
  tracked: `MNQ.front:bid_ask;last,${IBM}:IBM:bid_ask;last`,
  env: { IB_RESTART_TIME: '23:45 America/New_York', IB_STREAM_ROLL_OVERLAP: '30m', IB_STREAM_LINES: '10' },
  sim: { hours: 'exchange', rate: 0.03, lines: 10 },
  clock: { start: START, rate },
  async play(world) {
    const random = new Random(seed)
    const chosen = Array.from({ length: FAULTS }, () => [random.between(HOUR / 2, DAY - 2 * HOUR), random.pick(SOME)] as const)
    const orders = [...PLAN, ...chosen].sort(([a], [b]) => a - b)
    const sinceStart = () => (world.nowUs - Date.parse(START) * 1_000) / 1_000_000
    for (const [at, order] of orders) {
      await world.pass(Math.max(0, at - sinceStart()))
      process.stderr.write(`${(at / HOUR).toFixed(2)} h ${JSON.stringify(order)}\n`)
      world.fault(order)
    }
    await world.pass(Math.max(0, DAY - sinceStart()))
  },
}

makeTimePatient()
await using world = await World.open(scenario)
await world.flowing()
await scenario.play(world)
const outcome = await world.finish()
const problems = judge(scenario, outcome, slackUs(rate, WAITS * LONGEST_STALL_MS))
const counted = new Map<string, number>()
for (const { kind, cause = '' } of outcome.events)
  counted.set(`${kind} ${String(cause)}`, (counted.get(`${kind} ${String(cause)}`) ?? 0) + 1)
const ticks = [...outcome.recorded.values()].reduce((sum, { length }) => sum + length, 0)
const rolls = outcome.events.filter(({ kind }) => kind === 'roll').length
if (rolls !== 1) problems.push(`${rolls} rolls of MNQ.front instead of one`)
process.stdout.write(`${JSON.stringify({ seed, rate, ticks, events: Object.fromEntries(counted), problems }, null, 2)}\n`)
process.exitCode = problems.length > 0 ? 1 : 0

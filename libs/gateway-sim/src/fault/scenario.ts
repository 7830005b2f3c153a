import { readFileSync } from 'node:fs'
import { type Clock, dateOfUs, timerMs, US_PER_SECOND, usOfDate } from '../clock.ts'
import { dayPlus } from '../contract/holidays.ts'
import { isTimeZone, localTime, minuteOfDay, usOfLocalTime } from '../contract/local-time.ts'
import { GatewaySimError, messageOf } from '../errors.ts'
import { checkOrder, type FaultOrder } from './fault-desk.ts'

/** When a step happens: some seconds after the simulator listens, at a moment, or each day at a local time. */
export type ScenarioTime =
  | { readonly after: number }
  | { readonly atUs: number }
  | { readonly daily: { readonly minute: number; readonly timeZone: string; readonly weekday: number | undefined } }

/** Faults and their times. */
export type Scenario = readonly { readonly time: ScenarioTime; readonly order: FaultOrder }[]

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const LONGEST_WAIT_MS = 3_600_000
const DAYS_PER_WEEK = 7

/**
 * Reads a scenario file: a JSON array of orders, each with `after` (s), `at` (ISO 8601) or `daily` (`23:45 US/Eastern`, `Sat 23:00 US/Eastern`).
 * @throws GatewaySimError IBS_SIM_SCENARIO_INVALID with every problem
 */
export function readScenario(path: string): Scenario {
  const fail = (why: string, cause?: unknown) =>
    new GatewaySimError('IBS_SIM_SCENARIO_INVALID', `${path}: ${why}; see docs/reference/gateway-sim.md`, { path }, cause)
  let steps: unknown
  try {
    steps = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw fail(messageOf(cause), cause)
  }
  if (!Array.isArray(steps)) throw fail('not a JSON array of steps')
  const problems: string[] = []
  const scenario = steps.flatMap((step: unknown, i) => {
    try {
      return [parseStep(step)]
    } catch (error) {
      problems.push(`step ${i + 1}: ${messageOf(error)}`)
      return []
    }
  })
  if (problems.length > 0) throw fail(problems.join('; '))
  return scenario
}

/**
 * Makes sure that a gateway can do all of it, so that no step fails when its time has come.
 * @throws GatewaySimError IBS_SIM_SCENARIO_INVALID with every problem
 */
export function checkScenario(scenario: Scenario, check: (order: FaultOrder) => void): void {
  const problems = scenario.flatMap(({ order }) => {
    try {
      check(order)
      return []
    } catch (error) {
      return [messageOf(error)]
    }
  })
  if (problems.length > 0)
    throw new GatewaySimError('IBS_SIM_SCENARIO_INVALID', `${problems.join('; ')}; see docs/reference/gateway-sim.md`)
}

/** Orders each fault when its time comes. @returns what stops it */
export function playScenario(scenario: Scenario, clock: Clock, order: (order: FaultOrder) => void): () => void {
  const startUs = clock.wallUs()
  const timers = new Map<number, NodeJS.Timeout>()
  const arm = (i: number, dueUs: number, act: () => void) => {
    const waitMs = Math.min(LONGEST_WAIT_MS, timerMs(clock, dueUs - clock.wallUs()))
    timers.set(i, setTimeout(() => (clock.wallUs() >= dueUs ? act() : arm(i, dueUs, act)), waitMs).unref())
  }
  scenario.forEach(({ time, order: wanted }, i) => {
    if ('after' in time) arm(i, startUs + time.after * US_PER_SECOND, () => order(wanted))
    else if ('atUs' in time) {
      if (time.atUs >= startUs) arm(i, time.atUs, () => order(wanted))
    } else {
      const again = () => {
        const dueUs = nextDaily(time, clock.wallUs())
        arm(i, dueUs, () => {
          order(wanted)
          again()
        })
      }
      again()
    }
  })
  return () => {
    for (const timer of timers.values()) clearTimeout(timer)
  }
}

function parseStep(step: unknown): Scenario[number] {
  if (typeof step !== 'object' || step === null) throw new Error('not an object')
  const { after, at, daily, fault, ...settings } = step as Record<string, unknown>
  if (typeof fault !== 'string') throw new Error('fault is missing')
  if ([after, at, daily].filter((time) => time !== undefined).length !== 1) throw new Error('exactly one of after, at and daily says when')
  const order = { fault, ...settings }
  checkOrder(order)
  return { time: timeOf(after, at, daily), order }
}

function timeOf(after: unknown, at: unknown, daily: unknown): ScenarioTime {
  if (after !== undefined) {
    if (typeof after !== 'number' || !(after >= 0)) throw new Error(`after must be a number of seconds, not ${JSON.stringify(after)}`)
    return { after }
  }
  if (at !== undefined) {
    const atUs = usOfDate(new Date(String(at)))
    if (Number.isNaN(atUs)) throw new Error(`at must be a time like 2026-11-25T23:45:00Z, not ${JSON.stringify(at)}`)
    return { atUs }
  }
  const match = /^(?:(\w{3}) )?([01]\d|2[0-3]):([0-5]\d) (\S+)$/.exec(String(daily))
  const [, weekday, hour = '', minute = '', timeZone = ''] = match ?? []
  const known = weekday === undefined || WEEKDAYS.includes(weekday)
  if (match === null || !known || !isTimeZone(timeZone))
    throw new Error(`daily must be like "23:45 US/Eastern" or "Sat 23:00 US/Eastern", not ${JSON.stringify(daily)}`)
  return { daily: { minute: minuteOfDay(hour + minute), timeZone, weekday: weekday === undefined ? undefined : WEEKDAYS.indexOf(weekday) } }
}

function nextDaily({ daily }: Extract<ScenarioTime, { daily: unknown }>, nowUs: number): number {
  const { minute, timeZone, weekday } = daily
  const today = localTime(dateOfUs(nowUs), timeZone).day
  const days = Array.from({ length: DAYS_PER_WEEK + 2 }, (_, i) => dayPlus(today, i))
  const fits = (day: string) => weekday === undefined || new Date(`${day}T00:00:00Z`).getUTCDay() === weekday
  const times = days.filter(fits).map((day) => usOfLocalTime(day, minute, timeZone))
  return times.find((us) => us > nowUs) ?? Number.POSITIVE_INFINITY
}

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { ROOT } from '../support/program.ts'
import type { PlainTick } from '../support/ticks.ts'
import { judge } from './judge.ts'
import { slackUs } from './market-text.ts'
import { makeTimePatient } from './patient-time.ts'
import type { RecordedTick, Scenario } from './scenario.ts'
import { World } from './world.ts'

/** Most of a scenario is waiting for its clock. */
const AT_ONCE = 4
// Before anything reads a clock: a starved second would be twenty of the scenario.
afterAll(makeTimePatient())
const FOLDER = join(ROOT, 'test/scenarios/all')
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.ts') && name.includes(process.env.SCENARIO ?? ''))
  .sort()

/** Runs one scenario and holds what it left to the promise of all: files = what was sent, minus declared gaps, nothing doubled. */
async function run(scenario: Scenario): Promise<void> {
  await using world = await World.open(scenario)
  await world.flowing()
  await scenario.play(world)
  const outcome = await world.finish()
  expect([...outcome.recorded.values()].flat().length).toBeGreaterThan(20)
  expect(judge(scenario, outcome, slackUs(world.rate))).toEqual([])
  const { events, recorded } = outcome
  scenario.expect?.({ events, log: world.ingest.log, recorded: recorded as ReadonlyMap<string, (PlainTick & RecordedTick)[]> })
}

describe('what happens to a recording', () => {
  const waiting = names.map((name) => {
    const { scenario } = require(join(FOLDER, name)) as { scenario: Scenario }
    return { name, scenario, done: Promise.withResolvers<void>() }
  })
  let isOver = false
  let next = 0
  const work = async () => {
    for (let one = waiting[next++]; one && !isOver; one = waiting[next++]) await run(one.scenario).then(one.done.resolve, one.done.reject)
  }
  const workers = Promise.all(Array.from({ length: AT_ONCE }, work))
  for (const { done } of waiting) done.promise.catch(() => undefined) // its test tells
  afterAll(async () => {
    isOver = true
    await workers
  })

  it.each(waiting)('$name: $scenario.name', async ({ done }) => await done.promise, 180_000)
})

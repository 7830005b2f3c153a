import { expect, it } from '@jest/globals'
import { FAULTS } from './faults.ts'
import { runSeam } from './run.ts'

const SEED = Number(process.env.IB_STREAM_SEED ?? Date.now() % 100_000)

it(`history and live are one: clients that join at random times each have the truth from their start, whatever happens to the services (seed ${SEED})`, async () => {
  const { faults, connections, findings } = await runSeam({ clients: 36, seconds: 15, seed: SEED, say: () => undefined })
  expect(findings.slice(0, 10)).toEqual([])
  expect(new Set(faults)).toEqual(new Set(Object.keys(FAULTS)))
  expect(connections).toBeGreaterThan(36)
}, 600_000)

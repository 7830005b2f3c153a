import { expect, it } from '@jest/globals'
import { runChaos } from './run.ts'

const MINUTES = 1

// What a loaded machine makes slow is not judged here: `npm run chaos` reports it.
it('loses, doubles, reorders and changes nothing, and leaves no undeclared hole, whatever dies meanwhile', async () => {
  const told: string[] = []
  const say = (line: string) => void told.push(line)
  const report = await runChaos({ seed: 5, minutes: MINUTES, replicas: 3, rate: 1, everyMs: [1_500, 4_000], awayMs: 0, say })
  const { counts, findings, recorded, manifestEntries } = report.verdict
  if (!report.clean) process.stderr.write(`${told.join('\n')}\n`)
  expect({ findings, counts }).toEqual({ findings: [], counts: { lost: 0, doubled: 0, misordered: 0, changed: 0, undeclared: 0 } })
  expect(report.oddEnds).toEqual([])
  expect(report.faults.length).toBeGreaterThan(10)
  expect(recorded).toBeGreaterThan(1_000)
  expect(manifestEntries).toBeGreaterThan(0)
  expect(report.probes).toBeGreaterThan(0)
}, 400_000)

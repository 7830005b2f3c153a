import { describe, expect, it } from '@jest/globals'
import { runChaos } from './run.ts'

/** Faults a little slower than by hand: where the tests run, everything shares two cores. */
const SHORT_RUN = { seed: 5, minutes: 1, replicas: 3, rate: 1, everyMs: [1_500, 4_000], awayMs: 0 } as const

describe('a minute of faults', () => {
  it('loses, doubles, reorders and changes nothing, in files, answers and live, with three replicas a backend', async () => {
    const lines: string[] = []
    const { verdict, faults, skipped, oddEnds } = await runChaos({ ...SHORT_RUN, say: (line) => lines.push(line) })
    if (skipped.length > 0) process.stderr.write(`SKIPPED ${skipped.join(', ')}\n`)
    const told = { findings: verdict.findings, oddEnds, lines: verdict.findings.length + oddEnds.length > 0 ? lines : [] }
    expect(told).toEqual({ findings: [], oddEnds: [], lines: [] })
    expect(faults.length).toBeGreaterThan(15)
    expect(verdict.sent).toBeGreaterThan(5_000)
    expect(verdict.recorded).toBeGreaterThan(verdict.sent / 2)
  }, 300_000)
})

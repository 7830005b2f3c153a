import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { ROOT } from '../../../test/support/program.ts'

it('VWAP and delta take a million ticks a second and more', () => {
  // In a Node of its own: inside Jest's realm each `Math` and `Number` costs a look-up that no user pays.
  const bench = join(ROOT, 'bench/studies.ts')
  const lines = execFileSync(process.execPath, [bench, '--ticks', '300000', '--study', 'vwap', '--study', 'delta'], { encoding: 'utf8' })
  const figures = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { study: string; ticksPerSecond: number })
  expect(figures.map(({ study }) => study)).toEqual(['vwap', 'delta'])
  // About ten million on an idle core, so a machine ten times as busy still passes.
  for (const { ticksPerSecond } of figures) expect(ticksPerSecond).toBeGreaterThan(1_000_000)
})

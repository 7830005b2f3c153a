import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { STUDY_NAMES } from '@ib-stream/studies'
import type { Figure } from '../storage/figure.ts'
import type { Size } from './sections.ts'

const TICKS = 1_000_000
/** What is asked of two of them. */
const MUST = new Set(['vwap', 'delta'])

/** Ticks through each study in a second of one core; `bench/studies.ts` holds VWAP and delta to plain sums. */
export async function studyFigures({ scale }: Size): Promise<Figure[]> {
  const args = [join(import.meta.dirname, '../studies.ts'), '--ticks', String(Math.round(TICKS * scale))]
  for (const name of STUDY_NAMES) args.push('--study', name)
  const lines = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => {
    const { study, ticksPerSecond } = JSON.parse(line) as { study: string; ticksPerSecond: number }
    return { name: study, value: ticksPerSecond, unit: 'ticks/s', ...(MUST.has(study) ? { atLeast: 1_000_000 } : {}) }
  })
}

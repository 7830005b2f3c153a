import type { Output, Style } from '../output/output.ts'
import type { Finding } from './finding.ts'

const STYLES: Readonly<Record<Finding['state'], Style>> = { ok: 'green', warn: 'yellow', fail: 'red', skipped: 'dim' }

/** `fail     gateway      nothing listens …`, and below it what to do. */
export function findingLine(out: Pick<Output, 'paint'>, { state, about, found, remedy }: Finding): string {
  const head = `${out.paint(STYLES[state], state.padEnd(8))} ${about.padEnd(14)} ${found}`
  return remedy === undefined ? head : `${head}\n${' '.repeat(24)}→ ${remedy}`
}

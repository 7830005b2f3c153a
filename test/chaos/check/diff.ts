/** What can be wrong with a run of ticks. */
export const FAULT_KINDS = ['lost', 'doubled', 'misordered', 'changed', 'undeclared'] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface Fault {
  kind: FaultKind
  /** How many ticks. */
  count: number
  /** Where and what, for a person. */
  detail: string
}

/** How far ahead the two runs are searched for the place where they agree again. */
const LOOK_AHEAD = 5_000
/** Ticks in a row that must agree there: one equal tick is often chance. */
const AGREE = 3

/** How `got` differs from `wanted`, both as comparable texts; empty when they are equal. */
export function diff(wanted: readonly string[], got: readonly string[]): Fault[] {
  const steps: Step[] = []
  let [i, j] = [0, 0]
  while (i < wanted.length || j < got.length) {
    if (i < wanted.length && wanted[i] === got[j]) {
      i += 1
      j += 1
      continue
    }
    const step = nextStep(wanted, got, i, j)
    steps.push(step)
    i += step.missing.length
    j += step.extra.length
  }
  return faultsOf(steps, new Set(wanted))
}

/** One place where the runs differ. */
interface Step {
  at: number
  missing: readonly string[]
  extra: readonly string[]
}

function nextStep(wanted: readonly string[], got: readonly string[], i: number, j: number): Step {
  const step = (missing: number, extra: number): Step => ({
    at: i,
    missing: wanted.slice(i, i + missing),
    extra: got.slice(j, j + extra),
  })
  for (let d = 1; d <= LOOK_AHEAD; d++) {
    if (agree(wanted, got, i + d, j + d)) return step(d, d) // changed, or in another order
    if (agree(wanted, got, i + d, j)) return step(d, 0)
    if (agree(wanted, got, i, j + d)) return step(0, d)
  }
  return step(wanted.length - i, got.length - j)
}

function agree(wanted: readonly string[], got: readonly string[], i: number, j: number): boolean {
  if (i > wanted.length || j > got.length) return false
  for (let k = 0; k < AGREE; k++) {
    if (i + k >= wanted.length || j + k >= got.length) return i + k >= wanted.length && j + k >= got.length
    if (wanted[i + k] !== got[j + k]) return false
  }
  return true
}

/** A tick that is missing in one place and extra in another is out of order; an extra one that was sent is doubled; the rest was changed on the way. */
function faultsOf(steps: readonly Step[], sent: ReadonlySet<string>): Fault[] {
  const missing = countAll(steps.flatMap((step) => step.missing))
  const extra = countAll(steps.flatMap((step) => step.extra))
  const first = (step: Step) => `at ${step.at}: wanted ${step.missing[0] ?? 'nothing'}, got ${step.extra[0] ?? 'nothing'}`
  const counts: Record<Exclude<FaultKind, 'undeclared'>, number> = { lost: 0, doubled: 0, misordered: 0, changed: 0 }
  for (const [text, count] of extra) {
    const moved = Math.min(count, missing.get(text) ?? 0)
    counts.misordered += moved
    missing.set(text, (missing.get(text) ?? 0) - moved)
    if (sent.has(text)) counts.doubled += count - moved
    else counts.changed += count - moved
  }
  const missed = [...missing.values()].reduce((sum, count) => sum + count, 0)
  counts.lost = Math.max(0, missed - counts.changed) // what came changed did not come as it was
  const detail = steps.slice(0, 3).map(first).join('; ')
  return FAULT_KINDS.filter((kind) => kind !== 'undeclared')
    .map((kind) => ({ kind, count: counts[kind], detail }))
    .filter(({ count }) => count > 0)
}

function countAll(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

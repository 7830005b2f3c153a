import { type TickMessage, type TickType, US_PER_SECOND } from '@ib-stream/model'
import { type FillJob, secondsOf } from './fill-job.ts'
import { FillWalk, type PageRequest } from './fill-walk.ts'
import { fillWindow, type Seconds } from './fill-window.ts'
import type { PastTick } from './history-page.ts'
import { missingTicks } from './missing-ticks.ts'

/** A range of one stream by IB's stamps, `[startUs, endUs)`. */
export interface StreamRange {
  cid: number
  tt: TickType
  startUs: number
  endUs: number
}

/** Where filling reads and writes. */
export interface FillPorts {
  /** A page of IB's history, ascending; none where IB has nothing. @throws what IB says, and what keeps it from answering */
  page(job: FillJob, request: PageRequest): Promise<readonly PastTick[]>
  /** All that is recorded of a range, with everything that was published before. */
  recorded(range: StreamRange): Promise<readonly TickMessage[]>
  /** Publishes the ticks of a page, in order, and behind them that the page is done. */
  publish(job: FillJob, page: Seconds, ticks: readonly PastTick[]): Promise<void>
  /** Our time minus IB's, µs. */
  offsetUs(): number
  nowUs(): number
}

/** Ticks before and after a gap are looked for so far away, one distance after the other: a busy stream has thousands in each second. */
const AROUND_US = [3 * US_PER_SECOND, 60 * US_PER_SECOND, 600 * US_PER_SECOND]

/**
 * Fills jobs of one contract and one kind of history page by page, from where each stands, with the same pages: IB's history of trades serves `last` and `all_last`.
 * After each page the jobs know of it, so that whatever is thrown (or a kill) costs at most the page under way, and that one is matched with what of it was published.
 * @param notBeforeUs the part before this time is left out
 * @param onPage told after each page
 * @throws what the ports throw
 */
export async function fill(
  jobs: readonly FillJob[],
  ports: FillPorts,
  { notBeforeUs, onPage }: { notBeforeUs: number; onPage(): void },
): Promise<void> {
  const earliest = Math.ceil((notBeforeUs - ports.offsetUs()) / US_PER_SECOND)
  const parts: { job: FillJob; left: Seconds }[] = []
  for (const job of jobs) {
    job.window ??= await windowOf(job, ports)
    const { left } = new FillWalk({ ...job.window, fromSecond: Math.max(job.window.fromSecond, earliest) }, job.done)
    if (left.fromSecond <= left.toSecond) parts.push({ job, left: { ...left } })
  }
  const [first] = parts
  if (!first) return
  const walk = new FillWalk({
    fromSecond: Math.min(...parts.map(({ left }) => left.fromSecond)),
    toSecond: Math.max(...parts.map(({ left }) => left.toSecond)),
  })
  for (let request = walk.next; request; request = walk.next) {
    const history = await ports.page(first.job, request)
    const covered = walk.take(history.map(({ ts }) => ts / US_PER_SECOND))
    for (const { job, left } of parts) {
      job.pages += 1
      const own = covered && overlap(covered, left)
      if (own) await fillPage(job, ports, own, retold(history, job))
    }
    onPage()
  }
}

function overlap(a: Seconds, b: Seconds): Seconds | undefined {
  const both = { fromSecond: Math.max(a.fromSecond, b.fromSecond), toSecond: Math.min(a.toSecond, b.toSecond) }
  return both.fromSecond <= both.toSecond ? both : undefined
}

/** Ticks of one kind of history as those of the job's stream. */
const retold = (history: readonly PastTick[], { tt, rid }: FillJob): PastTick[] =>
  history.map((tick) => (tick.tt === tt ? tick : ({ ...tick, tt, rid } as PastTick)))

async function fillPage(job: FillJob, ports: FillPorts, covered: Seconds, history: readonly PastTick[]): Promise<void> {
  const { cid, tt } = job
  const [startUs, endUs] = [covered.fromSecond * US_PER_SECOND, (covered.toSecond + 1) * US_PER_SECOND]
  const recorded = await ports.recorded({ cid, tt, startUs, endUs })
  const missing = missingTicks(
    history.filter(({ ts }) => ts >= startUs && ts < endUs),
    recorded,
  )
  await ports.publish(job, covered, missing)
  job.done.push(covered)
  job.ticks += missing.length
}

/** What somebody asked for is a range of IB's stamps as it stands; a gap is tied to them by the ticks around it. */
async function windowOf(job: FillJob, ports: FillPorts): Promise<Seconds> {
  if (job.asked) return secondsOf(job)
  const offsetUs = ports.offsetUs()
  let heard: readonly TickMessage[] = []
  for (const aroundUs of AROUND_US) {
    heard = await ticksAround(job, ports, { aroundUs, offsetUs })
    const live = heard.filter(({ bf }) => !bf)
    if (live.some(({ st }) => st <= job.fromUs) && live.some(({ st }) => st >= job.toUs)) break
  }
  return fillWindow(job, heard, offsetUs)
}

async function ticksAround(
  { cid, tt, fromUs, toUs }: FillJob,
  ports: FillPorts,
  { aroundUs, offsetUs }: { aroundUs: number; offsetUs: number },
): Promise<readonly TickMessage[]> {
  const around = (us: number) => ({ cid, tt, startUs: us - offsetUs - aroundUs, endUs: us - offsetUs + aroundUs })
  const [start, end] = [around(fromUs), around(toUs)]
  if (start.endUs >= end.startUs) return await ports.recorded({ ...start, endUs: end.endUs })
  return [...(await ports.recorded(start)), ...(await ports.recorded(end))]
}

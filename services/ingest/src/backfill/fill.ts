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
 * Fills a job page by page, from where it stands; after each page the job knows of it, so that whatever is thrown (or a kill) costs at most the page under way, and
 * that one is matched with what of it was published.
 * @param notBeforeUs the part before this time is left out
 * @param onPage told after each page
 * @throws what the ports throw
 */
export async function fill(
  job: FillJob,
  ports: FillPorts,
  { notBeforeUs, onPage }: { notBeforeUs: number; onPage(): void },
): Promise<void> {
  job.window ??= await windowOf(job, ports)
  const earliest = Math.ceil((notBeforeUs - ports.offsetUs()) / US_PER_SECOND)
  const walk = new FillWalk({ ...job.window, fromSecond: Math.max(job.window.fromSecond, earliest) }, job.done)
  for (let request = walk.next; request; request = walk.next) {
    const history = await ports.page(job, request)
    job.pages += 1
    const covered = walk.take(history.map(({ ts }) => ts / US_PER_SECOND))
    if (covered) await fillPage(job, ports, covered, history)
    onPage()
  }
}

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

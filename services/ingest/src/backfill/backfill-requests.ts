import { BACKFILL, type Bus, listen } from '@ib-stream/bus'
import { BACKFILL_REPLY_EVERY_MS, type BackfillReply, TICK_TYPES, US_PER_SECOND } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import * as z from 'zod'
import type { BackfillDesk, FillStatus } from './backfill-desk.ts'

const request = z
  .strictObject({
    cid: z
      .int('a contract id, a whole number above 0')
      .min(1, 'a contract id, a whole number above 0')
      .max(2 ** 31 - 1),
    tts: z.array(z.enum(TICK_TYPES, `tick types from ${TICK_TYPES.join(', ')}`)).min(1, 'at least one tick type'),
    startUs: z.int('µs since 1970').min(0, 'µs since 1970'),
    endUs: z.int('µs since 1970').min(0, 'µs since 1970'),
  })
  .refine(({ startUs, endUs }) => startUs < endUs, { error: 'after startUs', path: ['endUs'] })

/** A page of IB's history may miss what is younger. */
const TOO_YOUNG_US = 10 * US_PER_SECOND

/** Answers requests to fill a range until it is closed; each gets replies until all its tick types are at their end. */
export function openBackfillRequests(bus: Bus, clock: Clock, desk: BackfillDesk): { close(): void } {
  const open = new Set<() => void>()
  const requests = listen(bus, BACKFILL, (message) => {
    const say = (reply: BackfillReply) => void message.respond(JSON.stringify(reply))
    const asked = request.safeParse(parsed(message.string()))
    if (!asked.success) return say(invalid(asked.error.issues[0]))
    const { cid, startUs } = asked.data
    const endUs = Math.min(asked.data.endUs, clock.nowUs() - TOO_YOUNG_US)
    if (startUs >= endUs) return say(invalid({ path: ['startUs'], message: 'ten seconds ago or longer' }))
    const ranges = [...new Set(asked.data.tts)].map((tt) => ({ cid, tt, fromUs: startUs, toUs: endUs }))
    open.add(follow(clock, desk, ranges, { say, ended: (stop) => open.delete(stop) }))
  })
  return {
    close: () => {
      requests.close()
      for (const stop of open) stop()
    },
  }
}

type Ranges = readonly Parameters<BackfillDesk['ask']>[0][]

function follow(
  clock: Clock,
  desk: BackfillDesk,
  ranges: Ranges,
  { say, ended }: { say(reply: BackfillReply): void; ended(stop: () => void): void },
): () => void {
  const stands = new Map<string, FillStatus>()
  const hear = (status: FillStatus) => {
    stands.set(status.tt, status)
    say(replyOf(status))
    if ([...stands.values()].some(({ state }) => state === 'waiting' || state === 'running') || stands.size < ranges.length) return
    say({ ok: true, state: 'end' })
    stop()
  }
  const leave = ranges.map((range) => desk.ask(range, hear))
  const timer = clock.every(BACKFILL_REPLY_EVERY_MS, () => {
    for (const status of desk.waiting) if (ranges.some(({ cid, tt, fromUs }) => isOf(status, { cid, tt, fromUs }))) say(replyOf(status))
  })
  const stop = () => {
    timer.cancel()
    for (const leaveOne of leave) leaveOne()
    ended(stop)
  }
  return stop
}

const isOf = (status: FillStatus, { cid, tt, fromUs }: Pick<FillStatus, 'cid' | 'tt' | 'fromUs'>): boolean =>
  status.cid === cid && status.tt === tt && status.fromUs === fromUs

const replyOf = ({ state, tt, ticks, pages, share, reason }: FillStatus): BackfillReply => ({
  ok: true,
  state,
  tt,
  ticks,
  pages,
  share,
  ...(reason === undefined ? {} : { reason }),
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text // the rule says what it must be
  }
}

function invalid(issue: { path: PropertyKey[]; message: string } | undefined): BackfillReply {
  const field = issue?.path.map(String).join('.') || '-'
  return { ok: false, code: 'IBS_INGEST_BACKFILL_INVALID', field, message: `${field}: ${issue?.message ?? 'it cannot be read'}` }
}

import { type Bus, LEASE_SUBJECTS, listen } from '@ib-stream/bus'
import { hash31, isTickType, type LeaseAnswer, type TickType } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import { z } from 'zod'
import type { IngestErrorCode } from '../errors.ts'
import type { Recorder } from '../recorder.ts'
import type { StreamStatus } from '../recorder-options.ts'
import type { Leases } from './leases.ts'

/** IB says within a second what it refuses; a look-up of the contract comes before that. */
const ANSWER_WITHIN_MS = 5_000
const LOOK_EVERY_MS = 50
/** A request that stands this long without a word from IB is taken. */
const TAKEN_AFTER_MS = 1_000

const MAX_CID = 2 ** 31 - 1
const leaseRequest = z.strictObject({ holder: z.string().max(64, 'at most 64 characters').optional(), end: z.literal(true).optional() })

type DeskRecorder = Pick<Recorder, 'statusOf' | 'plan'>

/** Answers requests for streams on `ib.subscribe.<cid>.<tick type>` until it is closed; every one gets an answer that says in words what became of it. */
export function openLeaseDesk(bus: Bus, parts: { leases: Leases; recorder: DeskRecorder; clock: Clock }): { close(): void } {
  const desk = new LeaseDesk(parts)
  return listen(bus, LEASE_SUBJECTS, (message) => {
    const [, , cid, tt] = message.subject.split('.')
    void desk.answer(cid, tt, message.string()).then((answer) => message.respond(JSON.stringify(answer)))
  })
}

class LeaseDesk {
  readonly #leases: Leases
  readonly #recorder: DeskRecorder
  readonly #clock: Clock

  constructor({ leases, recorder, clock }: { leases: Leases; recorder: DeskRecorder; clock: Clock }) {
    this.#leases = leases
    this.#recorder = recorder
    this.#clock = clock
  }

  async answer(id: string | undefined, tt: string | undefined, body: string): Promise<LeaseAnswer> {
    const cid = Number(id)
    if (!/^[1-9]\d*$/.test(id ?? '') || cid > MAX_CID)
      return invalid(`"${id}" is no contract id; ask ib.contracts.resolve for the one of a name`)
    if (!isTickType(tt)) return invalid(`"${tt}" is none of bid_ask, last, all_last, mid_point`)
    const request = leaseRequest.safeParse(jsonIn(body))
    if (!request.success) return invalid(`the body is empty or {"holder":"…","end":true}: ${request.error.issues[0]?.message ?? ''}`)
    const { holder = '', end } = request.data
    const stream = { cid, tt, rid: hash31(cid, tt) }
    if (end) {
      this.#leases.end(stream, holder)
      return { ok: true, ...stream, state: 'ended', untilUs: this.#clock.nowUs() }
    }
    const untilUs = this.#leases.renew(stream, holder)
    await this.#settled(stream.rid)
    return this.#describe(stream, untilUs)
  }

  /** Waits until it can be said what became of the request. */
  async #settled(rid: number): Promise<void> {
    for (let waitedMs = 0; waitedMs < ANSWER_WITHIN_MS; waitedMs += LOOK_EVERY_MS) {
      const status = this.#recorder.statusOf(rid)
      if (status === undefined || !isOpen(status, waitedMs)) return
      await this.#clock.pause(LOOK_EVERY_MS)
    }
  }

  #describe(stream: { cid: number; tt: TickType; rid: number }, untilUs: number): LeaseAnswer {
    const { state = 'waiting', reason = 'ingest has just begun', code } = this.#recorder.statusOf(stream.rid) ?? {}
    switch (state) {
      case 'subscribed':
        return { ok: true, ...stream, state, untilUs }
      case 'waiting':
        return { ok: true, ...stream, state, reason, untilUs }
      case 'refused':
        return { ...refusal('IBS_INGEST_STREAM_REFUSED', reason), ...(code !== undefined && { ibCode: code }) }
      case 'no_line': {
        const lines = this.#recorder.plan.granted.map(({ cid, tt, symbol, tracked }) => ({ cid, tt, symbol, tracked }))
        const holders = lines.map(({ symbol, tt, tracked }) => `${symbol} ${tt}${tracked ? '' : ' (asked for)'}`).join(', ')
        const advice = 'take a contract or tick type out of what is tracked, or raise IB_STREAM_LINES if the account has more'
        return { ...refusal('IBS_INGEST_NO_LINE', `no tick-by-tick line is left, ${lines.length} are taken: ${holders}; ${advice}`), lines }
      }
    }
  }
}

/** Whether IB may still say something of it. */
function isOpen({ state, reason, ticks }: StreamStatus, waitedMs: number): boolean {
  if (state === 'subscribed') return ticks === 0 && waitedMs < TAKEN_AFTER_MS
  return state === 'waiting' && reason === undefined
}

const refusal = (code: IngestErrorCode, message: string) => ({ ok: false as const, code, message })
const invalid = (message: string) => refusal('IBS_INGEST_LEASE_INVALID', message)

function jsonIn(body: string): unknown {
  if (body === '') return {}
  try {
    return JSON.parse(body)
  } catch {
    return body // the rule says what it must be
  }
}

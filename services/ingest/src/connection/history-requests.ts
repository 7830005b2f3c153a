import { msFromUs, usFromSeconds } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import type { IBApi, Contract as IbContract } from '@stoqey/ib'
import type { PageRequest } from '../backfill/fill-walk.ts'
import { HISTORY_MESSAGES, type HistoryKind, PAGE_TICKS } from '../backfill/history-page.ts'
import type { RequestPacer } from './request-pacer.ts'

export interface HistoryQuery {
  contract: IbContract
  kind: HistoryKind
  page: PageRequest
}

/** IB looks for ticks of long ago for a while. */
const ANSWER_WITHIN_MS = 60_000

/** The requests for historical ticks of one session that are under way. */
export class HistoryRequests {
  readonly #api: IBApi
  readonly #clock: Clock
  readonly #pacer: RequestPacer
  readonly #open = new Map<number, { answered: PromiseWithResolvers<readonly string[]>; parts: (readonly string[])[] }>()

  constructor(api: IBApi, clock: Clock, pacer: RequestPacer) {
    this.#api = api
    this.#clock = clock
    this.#pacer = pacer
  }

  /**
   * Asks for a page, outside regular hours too.
   * @returns the frame of the answer, field by field; one of them all where IB answers in several
   * @throws what the gateway says, with IB's `code`; an error without one when it does not answer or the session ends
   */
  async ask(rid: number, { contract, kind, page }: HistoryQuery): Promise<readonly string[]> {
    const answered = Promise.withResolvers<readonly string[]>()
    this.#open.set(rid, { answered, parts: [] })
    const late = this.#clock.after(ANSWER_WITHIN_MS, () => answered.reject(new Error(`no historical ticks within ${ANSWER_WITHIN_MS} ms`)))
    const [start, end] = 'endSecond' in page ? ['', utcTime(page.endSecond)] : [utcTime(page.startSecond), '']
    const what = kind as Parameters<IBApi['reqHistoricalTicks']>[5]
    this.#pacer.send(() => this.#api.reqHistoricalTicks(rid, contract, start, end, PAGE_TICKS, what, 0, false))
    try {
      return await answered.promise
    } finally {
      late.cancel()
      this.#open.delete(rid)
    }
  }

  /** Any frame; those of other messages are passed over. */
  hear(fields: readonly string[]): void {
    if (!HISTORY_MESSAGES.has(fields[0] ?? '')) return
    const request = this.#open.get(Number(fields[1]))
    if (!request) return
    request.parts.push(fields)
    if (fields.at(-1) !== MORE_TO_COME) request.answered.resolve(joined(request.parts))
  }

  /** @returns whether the request is one of these */
  fail(rid: number, error: Error): boolean {
    const request = this.#open.get(rid)
    request?.answered.reject(error)
    return request !== undefined
  }

  end(reason: string): void {
    for (const { answered } of this.#open.values()) answered.reject(new Error(reason))
  }
}

/** The last field, `done`, of a message that others of the same answer follow. */
const MORE_TO_COME = '0'
/** Message, request, number of ticks. */
const HEAD_FIELDS = 3

function joined(parts: readonly (readonly string[])[]): readonly string[] {
  const [first = []] = parts
  if (parts.length === 1) return first
  const count = parts.reduce((sum, part) => sum + Number(part[2]), 0)
  return [...first.slice(0, 2), String(count), ...parts.flatMap((part) => part.slice(HEAD_FIELDS, -1)), '1']
}

/** `20250730-14:00:00`, which IB reads as UTC. */
function utcTime(second: number): string {
  const [date = '', time = ''] = new Date(msFromUs(usFromSeconds(second))).toISOString().split('T')
  return `${date.replaceAll('-', '')}-${time.slice(0, 8)}`
}

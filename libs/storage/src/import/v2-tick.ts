import { checkTick, isTickType, type TickType } from '@ib-stream/model'
import type { Form, Turned } from './turned.ts'

/** Keeps exchange and conditions, which the older v3 recordings threw away. */
export const V2_JSON: Form = { name: 'v2 json', rank: 1 }
/** Has not even IB's own time. */
export const V2_PROTOBUF: Form = { name: 'v2 protobuf', rank: 3 }

/** What both v2 forms say about one tick, in the order in which they are believed. */
export interface V2Parts {
  form: Form
  ts: number
  st: number
  /** Contract ids and tick types named in it; 0, nothing and unknown words do not count. */
  cids: readonly unknown[]
  tts: readonly unknown[]
  requestId: unknown
  /** Under v3 keys; numbers may be text. Flags and text as found. */
  fields: Record<string, unknown>
}

/** The v3 tick of a v2 one. A live recording has contract 0 or none in the data: then what stands beside it counts; two that disagree are a fault. */
export function tickOfV2(parts: V2Parts): Turned {
  const cids = new Set(parts.cids.map(wholeNumber).filter((cid) => cid !== undefined && cid > 0))
  if (cids.size === 0) return { fault: 'no contract id in data, metadata or stream_id' }
  if (cids.size > 1) return { fault: `two contracts: ${[...cids].join(' and ')}` }
  const tts = parts.tts.map(tickTypeOf).filter((tt) => tt !== undefined)
  const tt = tts[0]
  if (tt === undefined) return { fault: `no tick type in data, metadata or stream_id (${JSON.stringify(parts.tts)})` }
  const other = tts.find((one) => kindOf(one) !== kindOf(tt))
  if (other !== undefined) return { fault: `two kinds of tick: ${tt} and ${other}` }
  const check = checkTick({
    ts: parts.ts,
    st: parts.st,
    cid: [...cids][0],
    tt,
    rid: requestId(parts.requestId),
    ...fieldsOf(tt, parts.fields),
  })
  if (check.ok) return { tick: check.tick, form: parts.form }
  const { field, value, rule } = check.fault
  return { fault: `field ${field} is ${JSON.stringify(value)}; the rule is: ${rule}` }
}

const WORDS: Record<string, TickType> = { last: 'last', alllast: 'all_last', bidask: 'bid_ask', midpoint: 'mid_point' }

/** `Last`, `AllLast`, `BidAsk`, `MidPoint`, ours, and any casing between. */
function tickTypeOf(word: unknown): TickType | undefined {
  if (isTickType(word)) return word
  return typeof word === 'string' ? WORDS[word.toLowerCase().replaceAll('_', '')] : undefined
}

const kindOf = (tt: TickType): string => (tt === 'last' || tt === 'all_last' ? 'trade' : tt)

const FIELDS_OF: Record<string, { numbers: string[]; texts: string[]; flags: string[] }> = {
  bid_ask: { numbers: ['bp', 'bs', 'ap', 'as'], texts: [], flags: ['bpl', 'aph'] },
  trade: { numbers: ['p', 's'], texts: ['ex', 'sc'], flags: ['upt', 'pl'] },
  mid_point: { numbers: ['mp'], texts: [], flags: [] },
}

/** Those of the tick type; the Python code filled the others with nothing. */
function fieldsOf(tt: TickType, fields: Record<string, unknown>): Record<string, unknown> {
  const { numbers = [], texts = [], flags = [] } = FIELDS_OF[kindOf(tt)] ?? {}
  return {
    ...Object.fromEntries(numbers.map((key) => [key, numberIn(fields[key])])),
    ...Object.fromEntries(texts.map((key) => [key, fields[key] === '' || fields[key] === null ? undefined : fields[key]])),
    ...Object.fromEntries(flags.map((key) => [key, fields[key] === true ? true : undefined])),
  }
}

/** IB says "none" by the largest double; Python's Decimal sizes became text. What is no number stays, so that the check names it. */
function numberIn(value: unknown): unknown {
  if (value === null || value === '' || value === Number.MAX_VALUE) return undefined
  return typeof value === 'string' ? Number(value) : value
}

const MAX_INT32 = 2 ** 31 - 1

/** As it stands; 0 where there is none or no id that IB could have seen, for a tick is not lost over it. */
function requestId(value: unknown): number {
  const id = wholeNumber(value)
  return id !== undefined && id >= 0 && id <= MAX_INT32 ? id : 0
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return Number.isSafeInteger(number) ? (number as number) : undefined
}

/** Contract and tick type in a stream id: `bg_711280073_bid_ask`, `711280073_last_1753837634777_8114`. */
export function partsOfStreamId(id: unknown): { cid?: string; tt?: string } {
  const [, cid, tt] = /^(?:bg_)?(\d+)_([A-Za-z_]+?)(?:_\d+)*$/.exec(typeof id === 'string' ? id : '') ?? []
  return { ...(cid === undefined ? {} : { cid }), ...(tt === undefined ? {} : { tt }) }
}

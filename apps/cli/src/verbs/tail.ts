import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { codeOf } from '@ib-stream/model'
import type { Command } from 'commander'
import { ApiError, defaultUrl, get } from '../api-client.ts'
import { EventParser, type ServerEvent } from './tail-events.ts'
import { humanLine } from './tail-line.ts'

interface TailOptions {
  types: string
  json?: true
  number?: string
  url: string
}

/** Adds `ib-stream tail`. */
export function registerTail(program: Command): void {
  program
    .command('tail')
    .description('live ticks of a contract as they arrive, until Ctrl-C')
    .argument('<contract>', 'IB contract id, e.g. 711280073')
    .option('-t, --types <list>', 'tick types, separated by commas: bid_ask, last, all_last, mid_point', 'bid_ask,last')
    .option('-j, --json', 'one JSON object a line, as recorded')
    .option('-n, --number <count>', 'end after so many ticks')
    .option('--url <address>', 'where query-api is', defaultUrl(process.env))
    .action(async (contract: string, options: TailOptions) => {
      const stop = new AbortController()
      const end = () => stop.abort(new Error('stopped'))
      process.once('SIGINT', end).once('SIGTERM', end)
      process.exitCode = await runTail({
        contract,
        options,
        out: process.stdout,
        say: (line) => process.stderr.write(`${line}\n`),
        signal: stop.signal,
      })
    })
}

export interface Tail {
  contract: string
  options: TailOptions
  out: Writable
  /** Takes what is not data, for people. */
  say(line: string): void
  signal: AbortSignal
}

const RETRY_FIRST_MS = 250
const RETRY_MOST_MS = 5_000
/** The server says something every 15 s; three times nothing is a dead connection. */
const SILENT_AFTER_MS = 45_000
const GONE = 410

/**
 * Prints until the signal aborts, the reader of the pipe has enough, or `-n` ticks came. A connection that breaks is made again, ever more slowly, and goes on
 * after the last tick printed.
 * @returns the exit status
 */
export async function runTail(tail: Tail): Promise<number> {
  const most = tail.options.number === undefined ? Number.POSITIVE_INFINITY : Number(tail.options.number)
  if (!(most >= 1)) {
    tail.say(`-n ${tail.options.number} is no number of ticks; give 1 or more`)
    return 1
  }
  const state: Progress = { lastId: '', left: most, connected: false, failures: 0, told: '' }
  const closed = new AbortController()
  const onError = (error: unknown) => closed.abort(error)
  tail.out.on('error', onError)
  const signal = AbortSignal.any([tail.signal, closed.signal])
  try {
    while (state.left > 0) {
      try {
        await followOnce(tail, state, signal)
      } catch (error) {
        if (signal.aborted) break
        if (isFinal(error, state)) {
          tail.say(error instanceof Error ? error.message : String(error))
          return 1
        }
        tellOnce(tail, state, error)
      }
      if (state.left > 0) await backOff(state, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    tail.out.off('error', onError)
  }
  return closed.signal.aborted && codeOf(closed.signal.reason) !== 'EPIPE' ? 1 : 0
}

interface Progress {
  lastId: string
  left: number
  /** A stream was open at least once. */
  connected: boolean
  /** Attempts since the last event. */
  failures: number
  told: string
}

async function followOnce(tail: Tail, state: Progress, signal: AbortSignal): Promise<void> {
  const silent = new AbortController()
  const either = AbortSignal.any([signal, silent.signal])
  const watchdog = setTimeout(() => silent.abort(new Error('the server is silent')), SILENT_AFTER_MS)
  try {
    const { body } = await get({
      base: tail.options.url,
      path: `/v3/stream/${encodeURIComponent(tail.contract)}/live`,
      query: { tick_types: tail.options.types },
      headers: state.lastId === '' ? {} : { 'last-event-id': state.lastId },
      signal: either,
    })
    state.connected = true
    const parser = new EventParser()
    for await (const text of body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
      watchdog.refresh()
      await print(tail, state, parser.push(text))
      if (state.left <= 0) return
    }
  } finally {
    clearTimeout(watchdog)
  }
}

async function print(tail: Tail, state: Progress, events: readonly ServerEvent[]): Promise<void> {
  const lines: string[] = []
  for (const { event, id, data } of events) {
    if (event === 'error') tail.say(data)
    if (event !== 'tick' || state.left <= 0) continue
    lines.push(tail.options.json ? data : humanLine(data))
    state.lastId = id
    state.left -= 1
  }
  if (events.length > 0) {
    state.failures = 0
    state.told = ''
  }
  if (lines.length > 0 && !tail.out.write(`${lines.join('\n')}\n`)) await once(tail.out, 'drain', { signal: tail.signal })
}

/** A request that is wrong stays wrong; a server that was never there is a wrong address. */
function isFinal(error: unknown, state: Progress): boolean {
  if (!(error instanceof ApiError)) return false
  if (error.status === 0) return !state.connected
  return error.status < 500 && error.status !== GONE
}

function tellOnce(tail: Tail, state: Progress, error: unknown): void {
  if (error instanceof ApiError && error.status === GONE) {
    state.lastId = ''
    tail.say(`${error.message}; going on with what comes now`)
    return
  }
  const reason = error instanceof Error ? error.message : String(error)
  if (reason !== state.told) tail.say(`${reason}; connecting again`)
  state.told = reason
}

/** Full jitter, so that many clients do not come back at once. */
async function backOff(state: Progress, signal: AbortSignal): Promise<void> {
  const mostMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(state.failures, 10), RETRY_MOST_MS)
  state.failures += 1
  await wait(Math.random() * mostMs, undefined, { signal })
}

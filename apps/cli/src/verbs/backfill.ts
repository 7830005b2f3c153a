import { requestBackfill, resolveContract } from '@ib-stream/bus'
import type { BackfillReply, TickType } from '@ib-stream/model'
import type { Command } from 'commander'
import { openBus, withNats } from '../bus.ts'
import { CliError } from '../errors.ts'
import { chosenTypes } from './chosen-types.ts'
import { type RangeFlags, rangeOf, withRange } from './time-range.ts'

interface BackfillFlags extends RangeFlags {
  types: string
  json?: true
  nats: string
}

/** Adds `ib-stream backfill`. */
export function registerBackfill(program: Command): void {
  const verb = program
    .command('backfill')
    .description("fill a past range from IB's historical ticks; ingest does it, and goes on when you leave")
  withNats(withRange(verb, 'length of the range: 1h, 2h30m, 1d'))
    .argument('<contract>', 'contract id, or a name like AAPL or MNQ.front')
    .option('-t, --types <list>', 'tick types, separated by commas: bid_ask, last, all_last, mid_point', 'bid_ask,last')
    .option('-j, --json', 'one JSON object for each reply of ingest')
    .action(async (contract: string, flags: BackfillFlags) => {
      const stop = new AbortController()
      process.once('SIGINT', () => stop.abort(new Error('stopped')))
      process.exitCode = await runBackfill(contract, flags, stop.signal)
    })
}

const STOPPED = 130

/** @returns the exit status: 0 all that IB has is there, 1 something is not, 130 left before the end */
async function runBackfill(name: string, flags: BackfillFlags, signal: AbortSignal): Promise<number> {
  try {
    const tts = chosenTypes(flags.types)
    const { startUs, endUs } = rangeOf(flags)
    if (startUs === undefined) throw new CliError('IBS_CLI_OPTION_INVALID', '--start or --last is needed: name the range')
    await using bus = await openBus(flags.nats, signal)
    const cid = /^\d+$/.test(name) ? Number(name) : await contractNamed(bus, name)
    const screen = new BackfillScreen(flags.json === true)
    for await (const reply of requestBackfill(bus, { cid, tts, startUs, endUs }, signal)) screen.show(reply)
    return screen.close() ? 0 : 1
  } catch (error) {
    if (signal.aborted) {
      process.stderr.write('left; ingest goes on filling\n')
      return STOPPED
    }
    process.stderr.write(`${Error.isError(error) ? error.message : String(error)}\n`)
    return 1
  }
}

async function contractNamed(bus: Parameters<typeof resolveContract>[0], name: string): Promise<number> {
  const answer = await resolveContract(bus, name)
  if (!answer.ok) throw new CliError('IBS_CLI_OPTION_INVALID', `${name}: ${answer.message}`, { name })
  return answer.contracts[0]?.cid ?? 0
}

/** Shows replies: on a terminal a line that is written over, and a line for each tick type at its end. */
class BackfillScreen {
  readonly #json: boolean
  readonly #stands = new Map<TickType, Extract<BackfillReply, { tt: TickType }>>()
  #isWhole = true

  constructor(json: boolean) {
    this.#json = json
  }

  show(reply: BackfillReply): void {
    if (this.#json) process.stdout.write(`${JSON.stringify(reply)}\n`)
    if (!reply.ok) {
      this.#isWhole = false
      if (!this.#json) process.stderr.write(`${this.#clear()}${reply.code}: ${reply.message}\n`)
    } else if (reply.state !== 'end') {
      this.#stands.set(reply.tt, reply)
      const isEnd = reply.state !== 'waiting' && reply.state !== 'running'
      if (isEnd) this.#isWhole &&= reply.state === 'filled'
      if (this.#json) return
      if (isEnd) process.stdout.write(`${this.#clear()}${lineOf(reply)}\n`)
      this.#showProgress()
    }
  }

  /** @returns whether all was filled */
  close(): boolean {
    if (!this.#json) process.stderr.write(this.#clear())
    return this.#isWhole
  }

  #showProgress(): void {
    const open = [...this.#stands.values()].filter(({ state }) => state === 'waiting' || state === 'running')
    if (process.stderr.isTTY && open.length > 0) process.stderr.write(`${this.#clear()}${open.map(lineOf).join('  ')}`)
  }

  #clear(): string {
    return process.stderr.isTTY ? '\r\u001B[K' : ''
  }
}

function lineOf({ tt, state, ticks, pages, share, reason }: Extract<BackfillReply, { tt: TickType }>): string {
  const done = state === 'waiting' || state === 'running' ? ` ${Math.floor(share * 100)} %` : ''
  const why = reason === undefined ? '' : `: ${reason}`
  return `${tt} ${state}${done}, ${ticks.toLocaleString('en-US')} ticks in ${pages} pages${why}`
}

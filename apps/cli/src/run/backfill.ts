import { requestBackfill } from '@ib-stream/bus'
import type { BackfillReply, TickType } from '@ib-stream/model'
import { natsOf, openBus } from '../bus.ts'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/backfill.ts'
import { CliError } from '../errors.ts'
import type { Output } from '../output/output.ts'
import { contractIdOf } from './contract-id.ts'
import { rangeOf } from './time-range.ts'

/** @returns the exit status: 0 all that IB has is there, 1 something is not */
export async function run({ args, flags, out, signal }: Call<typeof command>): Promise<number> {
  const { startUs, endUs } = rangeOf(flags)
  if (startUs === undefined) throw new CliError('IBS_CLI_OPTION_INVALID', '--start or --last is needed: name the range')
  const nats = await natsOf(flags.nats)
  await using bus = await openBus(nats, signal)
  const cid = await contractIdOf(args.contract, { nats, signal })
  const screen = new BackfillScreen(out, flags.json)
  const request = { cid, tts: flags.types ?? (['bid_ask', 'last'] as const), startUs, endUs }
  for await (const reply of requestBackfill(bus, { ...request, tts: [...request.tts] }, signal)) screen.show(reply)
  return screen.close() ? 0 : 1
}

/** Shows replies: on a terminal a line that is written over, and a line for each tick type at its end. */
class BackfillScreen {
  readonly #json: boolean
  readonly #out: Output
  readonly #stands = new Map<TickType, Extract<BackfillReply, { tt: TickType }>>()
  #isWhole = true

  constructor(out: Output, json: boolean) {
    this.#out = out
    this.#json = json
  }

  show(reply: BackfillReply): void {
    if (this.#json) this.#out.json(reply)
    if (!reply.ok) {
      this.#isWhole = false
      if (!this.#json) this.#out.say(`${this.#clear()}${reply.code}: ${reply.message}`)
    } else if (reply.state !== 'end') {
      this.#stands.set(reply.tt, reply)
      const isEnd = reply.state !== 'waiting' && reply.state !== 'running'
      if (isEnd) this.#isWhole &&= reply.state === 'filled'
      if (this.#json) return
      if (isEnd) this.#out.line(`${this.#clear()}${lineOf(reply)}`)
      this.#showProgress()
    }
  }

  /** @returns whether all was filled */
  close(): boolean {
    if (!this.#json) this.#out.err.write(this.#clear())
    return this.#isWhole
  }

  #showProgress(): void {
    const open = [...this.#stands.values()].filter(({ state }) => state === 'waiting' || state === 'running')
    if (this.#out.err.isTTY && open.length > 0) this.#out.err.write(`${this.#clear()}${open.map(lineOf).join('  ')}`)
  }

  #clear(): string {
    return this.#out.err.isTTY ? '\r\u001B[K' : ''
  }
}

function lineOf({ tt, state, ticks, pages, share, reason }: Extract<BackfillReply, { tt: TickType }>): string {
  const done = state === 'waiting' || state === 'running' ? ` ${Math.floor(share * 100)} %` : ''
  const why = reason === undefined ? '' : `: ${reason}`
  return `${tt} ${state}${done}, ${ticks.toLocaleString('en-US')} ticks in ${pages} pages${why}`
}

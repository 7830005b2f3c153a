import { codeOf } from '@ib-stream/model'
import { errorLine } from '../output/error-line.ts'
import type { Output } from '../output/output.ts'
import type { Arguments, Call, Command, Options, Run } from './define-command.ts'

const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
type StopSignal = keyof typeof SIGNAL_STATUS
const NOT_DONE = 2

/** Its reader has enough. */
export class ReaderGone extends Error {}

export interface RunOptions {
  command: Command<Options, Arguments>
  values: Pick<Call, 'args' | 'flags' | 'passed'>
  run: Run<Command<Options, Arguments>>
  out: Output
  readerGone: AbortSignal
}

/** Runs a command and turns its end, whatever it is, into words and an exit status. */
export async function runCommand({ command, values, run, out, readerGone }: RunOptions): Promise<number> {
  const stop = new AbortController()
  let stoppedBy: StopSignal | undefined
  if (command.interrupt !== 'own') {
    for (const name of Object.keys(SIGNAL_STATUS) as StopSignal[]) {
      process.on(name, () => {
        if (stoppedBy !== undefined) process.exit(SIGNAL_STATUS[name]) // the second one: at once
        stoppedBy = name
        stop.abort(new Error('stopped'))
      })
    }
  }
  const signal = command.endsWithReader ? AbortSignal.any([stop.signal, readerGone]) : stop.signal
  const stopped = (): number => {
    if (command.interrupt === 'ends') return 0
    if (command.whenStopped !== undefined) out.say(command.whenStopped)
    return SIGNAL_STATUS[stoppedBy ?? 'SIGINT']
  }
  try {
    const status = (await run({ ...values, out, signal, env: process.env })) ?? 0
    if (out.failure) throw out.failure
    return stoppedBy !== undefined && command.interrupt === 'stops' ? stopped() : status
  } catch (error) {
    if (out.failure) return complain(out, out.failure)
    if (command.endsWithReader && readerGone.aborted) return 0
    if (stoppedBy !== undefined) return stopped()
    return complain(out, error)
  }
}

/** Errors of ours and of the system are told in their words; anything else is a mistake in the program, and its place is told. */
export function complain(out: Output, error: unknown): number {
  const isTold = codeOf(error) !== undefined
  const words = !Error.isError(error) ? String(error) : isTold ? error.message : (error.stack ?? error.message)
  out.say(errorLine(out, words))
  return NOT_DONE
}

import type { Msg } from '@nats-io/nats-core'
import type { Bus } from './connection.ts'
import { BusError } from './errors.ts'

/** A server that refused is asked again: it may be given newer accounts while we run. */
const ASK_AGAIN_AFTER_MS = 5_000

/**
 * Listens to a subject until it is closed, also past a refusal. The client hands a refusal to the callback as if it were a message, and forgets the subscription: a server
 * with accounts of an older version would end the process that way, or leave it deaf after it was given new ones.
 * @param onRefused told once for each time in which the server refuses, `IBS_BUS_NOT_AUTHORIZED`
 */
export function listen(
  bus: Bus,
  subject: string,
  onMessage: (message: Msg) => void,
  onRefused: (error: BusError) => void = () => undefined,
): { close(): void } {
  let subscription: { unsubscribe(): void } | undefined
  let again: NodeJS.Timeout | undefined
  let isClosed = false
  let isTold = false
  const open = () => {
    if (isClosed || bus.connection.isClosed()) return
    subscription = bus.connection.subscribe(subject, {
      callback: (error, message) => {
        if (!error) return onMessage(message)
        if (isClosed) return
        again = setTimeout(open, ASK_AGAIN_AFTER_MS)
        if (isTold) return
        isTold = true
        onRefused(notAllowed(`listen to ${subject}`, error))
      },
    })
  }
  open()
  return {
    close: () => {
      isClosed = true
      clearTimeout(again)
      subscription?.unsubscribe()
    },
  }
}

/** What to do about a server that knows us and does not let us do our work. */
export function notAllowed(what: string, cause: Error): BusError {
  const todo = 'its accounts are of another version: run "ib-stream credentials" with its folder once more and restart nats-server'
  return new BusError('IBS_BUS_NOT_AUTHORIZED', `nats-server does not let us ${what}; ${todo}`, {}, { cause })
}

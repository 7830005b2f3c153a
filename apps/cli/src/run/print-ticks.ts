import type { StreamEvent } from '@ib-stream/client'
import type { Output } from '../output/output.ts'
import { type TickLines, tickLine } from '../output/tick-line.ts'

export interface PrintTicks {
  out: Output
  json: boolean
  /** Ends after so many. */
  most: number | undefined
  lines: TickLines
}

/** So much is written at once where ticks come faster than they are shown. */
const HELD_CHARS = 32_768

/** Prints the ticks of a stream as they come; those that come together are written together. */
export async function printTicks(ticks: AsyncIterable<object>, { out, json, most, lines }: PrintTicks): Promise<void> {
  let left = most ?? Number.POSITIVE_INFINITY
  let held = ''
  const write = () => {
    const text = held
    held = ''
    return out.write(text)
  }
  for await (const tick of ticks) {
    if (held === '') setImmediate(() => void write())
    held += `${json ? JSON.stringify(tick) : tickLine(tick, lines)}\n`
    if (held.length > HELD_CHARS) await write()
    if (--left <= 0) break
  }
  await write()
}

/** What is told of a stream besides its ticks, as far as people want to know. */
export function tellEvents(out: Output): (event: StreamEvent) => void {
  let told = ''
  return (event) => {
    if (event.name === 'reconnecting') {
      const words = `${event.cause.message}; connecting again`
      if (words !== told) out.say(words)
      told = words
    } else if (event.name === 'info' && event.data.status !== 'subscribed') {
      const { status, reason, contract_ids, tick_types } = event.data
      out.say(`${[...contract_ids, ...tick_types].join(' ')} ${status}${reason === undefined ? '' : `: ${reason}`}`)
    } else if (event.name === 'resume_incomplete') {
      out.say(`of ticks that came late between ${event.data.from} and ${event.data.to} some may be missing`)
    } else if (event.name === 'info') told = ''
  }
}

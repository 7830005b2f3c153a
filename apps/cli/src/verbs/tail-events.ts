/** One server-sent event. */
export interface ServerEvent {
  event: string
  /** Last id seen in the stream; empty before the first. */
  id: string
  data: string
}

/** Text of an event stream to events, by the rules of the HTML standard; fed in pieces cut anywhere. */
export class EventParser {
  #rest = ''
  #event = ''
  #id = ''
  #data: string[] = []

  /** Events that are complete after `text`. */
  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = []
    const lines = `${this.#rest}${text}`.split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? '' // also a \r at the very end: its \n may come with the next piece
    for (const line of lines) {
      if (line === '') events.push(...this.#dispatch())
      else this.#field(line)
    }
    return events
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'event') this.#event = value
    else if (name === 'data') this.#data.push(value)
    else if (name === 'id' && !value.includes('\0')) this.#id = value
  }

  #dispatch(): ServerEvent[] {
    const event = { event: this.#event === '' ? 'message' : this.#event, id: this.#id, data: this.#data.join('\n') }
    const isEmpty = this.#data.length === 0
    this.#event = ''
    this.#data = []
    return isEmpty ? [] : [event]
  }
}

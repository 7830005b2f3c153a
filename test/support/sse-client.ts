import { US_PER_MS } from '@ib-stream/model'
import type { PlainTick } from './ticks.ts'

/** Subscribes as any standard client does: reads events, remembers the last id, comes back with it. */
export class SseClient implements AsyncDisposable {
  readonly ticks: PlainTick[] = []
  readonly infos: unknown[] = []
  /** Times of which the log had forgotten what came, µs UTC: it came from the files, but for some of what was late. */
  readonly forgotten: { fromUs: number; toUs: number }[] = []
  /** How often it was turned away, by status and text. */
  readonly refusals = new Map<string, number>()
  connections = 0
  #url: string
  #take: (tick: PlainTick, isFromFiles: boolean) => void
  /** Where what the log has forgotten begins, while it comes from the files; µs UTC. */
  #forgottenFromUs: number | undefined
  #lastId: string | undefined
  #stop = new AbortController()
  #done: Promise<void>

  /** @param take gets each tick, and whether it stands in for what the log has forgotten; without it they are kept in `ticks` */
  constructor(url: string, take?: (tick: PlainTick, isFromFiles: boolean) => void) {
    this.#url = url
    this.#take = take ?? ((tick) => this.ticks.push(tick))
    this.#done = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#connect()
      } catch {
        // the server went away: again with the last id
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async #connect(): Promise<void> {
    const headers: Record<string, string> = {
      accept: 'text/event-stream',
      ...(this.#lastId === undefined ? {} : { 'last-event-id': this.#lastId }),
    }
    const response = await fetch(this.#url, { headers, signal: this.#stop.signal })
    if (!response.ok || !response.body) return this.#refused(`${response.status} ${await response.text()}`)
    this.connections += 1
    let rest = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      rest += chunk
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        this.#read(rest.slice(0, end))
        rest = rest.slice(end + 2)
      }
    }
  }

  #read(block: string): void {
    const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]))
    const data = fields.get('data')
    if (fields.get('event') === 'tick' && data) this.#take(JSON.parse(data) as PlainTick, this.#forgottenFromUs !== undefined)
    else if (data) this.#hear(fields.get('event'), JSON.parse(data))
    if (fields.has('id')) this.#lastId = fields.get('id')
  }

  #hear(event: string | undefined, data: { from?: string }): void {
    this.infos.push(data)
    if (event === 'resume_incomplete') this.#forgottenFromUs ??= Date.parse(data.from ?? '') * US_PER_MS
    if (event !== 'live' || this.#forgottenFromUs === undefined) return
    this.forgotten.push({ fromUs: this.#forgottenFromUs, toUs: Date.now() * US_PER_MS })
    this.#forgottenFromUs = undefined
  }

  #refused(why: string): void {
    this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#done
  }
}

import type { ReplayControl } from '@ib-stream/client'
import { byId, write } from './dom.ts'
import { dateTime } from './format.ts'
import { loadBars, type Span } from './history.ts'
import { client, explained } from './session.ts'
import type { Shown } from './shown.ts'
import type { View } from './view.ts'

const STEPS = 1_000
const DEFAULT_SPEED = 10

/** A replay of what is shown: at a speed, to a place, with pauses. */
export class ReplayBar {
  readonly #view: View
  readonly #seek = byId<HTMLInputElement>('replay-seek')
  readonly #onEnd: () => void
  #shown: Shown | undefined
  #span: Span = { fromUs: 0, toUs: 1 }
  #control: ReplayControl | undefined
  #stop = new AbortController()
  #isPaused = false
  #isDragging = false
  #isOver = false
  /** Where it is, µs UTC. */
  #atUs = 0

  constructor(view: View, onEnd: () => void) {
    this.#view = view
    this.#onEnd = onEnd
    byId('replay-play').addEventListener('click', () => this.toggle())
    byId('replay-stop').addEventListener('click', () => this.end())
    byId('replay-speed').addEventListener('change', () => this.#control?.speed(this.#speed))
    this.#seek.addEventListener('input', () => {
      this.#isDragging = true
      this.#showTime(this.#placeUs)
    })
    this.#seek.addEventListener('change', () => {
      this.#isDragging = false
      void this.#playFrom(this.#placeUs)
    })
  }

  get isOn(): boolean {
    return this.#shown !== undefined
  }

  start(shown: Shown, span: Span): void {
    this.#shown = shown
    this.#span = span
    byId('replay-bar').hidden = false
    byId('replay-button').setAttribute('aria-pressed', 'true')
    void this.#playFrom(span.fromUs)
  }

  /** Ends it; what was shown before comes back. */
  end(): void {
    if (!this.isOn) return
    this.leave()
    this.#onEnd()
  }

  /** Ends it because something else is shown. */
  leave(): void {
    this.#stop.abort(new DOMException('the replay is over', 'AbortError'))
    this.#shown = undefined
    byId('replay-bar').hidden = true
    byId('replay-button').setAttribute('aria-pressed', 'false')
  }

  toggle(): void {
    if (this.#isOver) return void this.#playFrom(this.#span.fromUs)
    if (this.#isPaused) this.#control?.resume()
    else this.#control?.pause()
    this.#setPaused(!this.#isPaused)
  }

  /** The bars up to there, then ticks as they came. */
  async #playFrom(atUs: number): Promise<void> {
    const shown = this.#shown
    if (!shown) return
    this.#stop.abort(new DOMException('another place', 'AbortError'))
    this.#stop = new AbortController()
    this.#isOver = false
    const { signal } = this.#stop
    const { fromUs, toUs } = this.#span
    try {
      const bars = atUs > fromUs ? await loadBars(shown, { fromUs, toUs: atUs }, signal) : []
      this.#view.beginReplay(shown, { fromUs, toUs }, bars)
      this.#setPaused(false)
      this.#control = client.openReplay({
        ...{ contracts: [shown.cid], tickTypes: ['bid_ask', shown.trades], from: atUs, to: toUs, speed: this.#speed, signal },
        onTick: (tick) => {
          this.#view.take(tick)
          this.#moveTo(tick.st)
        },
        onEvent: (event) => {
          if (event.name === 'replay') this.#moveTo(Date.parse(event.data.position) * 1_000)
        },
      })
      await this.#control.done
      this.#isOver = true
      this.#setPaused(true)
      write(byId('replay-time'), `${dateTime(this.#atUs)} · end`)
    } catch (error) {
      if (!signal.aborted) write(byId('replay-time'), explained(error) ?? '')
    }
  }

  get #speed(): number {
    return Number(byId<HTMLSelectElement>('replay-speed').value) || DEFAULT_SPEED
  }

  get #placeUs(): number {
    const { fromUs, toUs } = this.#span
    return Math.round(fromUs + (Number(this.#seek.value) / STEPS) * (toUs - fromUs))
  }

  #moveTo(us: number): void {
    const { fromUs, toUs } = this.#span
    if (us < fromUs || us > toUs) return
    this.#atUs = us
    if (this.#isDragging) return
    const step = String(Math.round(((us - fromUs) / (toUs - fromUs)) * STEPS))
    if (this.#seek.value !== step) this.#seek.value = step
    this.#showTime(us)
  }

  #showTime(us: number): void {
    write(byId('replay-time'), dateTime(us))
    this.#seek.setAttribute('aria-valuetext', dateTime(us))
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused
    write(byId('replay-play'), isPaused ? '▶' : '❚❚')
    byId('replay-play').setAttribute('aria-label', isPaused ? 'Go on with the replay' : 'Pause the replay')
  }
}

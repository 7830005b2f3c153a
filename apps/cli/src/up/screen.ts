import type { Child } from './child.ts'

/** What a service's health page says, as far as the screen shows it. */
export interface Seen {
  state: string
  /** It can do its own work, whatever becomes of the recording. */
  ready?: boolean
  ticks: number | undefined
  /** Newest tick, in words. */
  newest?: string
}

const POLL_WITHIN_MS = 900

/** Asks a child how it is. */
export async function look(child: Child): Promise<Seen> {
  if (child.state !== 'running') return { state: child.state, ticks: undefined }
  if (!child.program.healthUrl) return { state: 'running', ticks: undefined }
  try {
    const response = await fetch(child.program.healthUrl, { signal: AbortSignal.timeout(POLL_WITHIN_MS) })
    return readHealth((await response.json()) as HealthPage)
  } catch {
    return { state: 'starting', ticks: undefined } // its page is not up yet, or it hangs; a dead one is `waiting`
  }
}

interface HealthPage {
  state: string
  ready?: boolean
  /** Of query-api: whether ticks come that should, and what ingest says of them in a word. */
  dataFlows?: boolean
  recording?: string
  ticks?: number
  parts?: Record<string, { state: string; ready: boolean; ticks?: number; streams?: { cid: number; last?: Record<string, unknown> }[] }>
}

function readHealth(page: HealthPage): Seen {
  const parts = Object.entries(page.parts ?? {})
  const lame = parts.find(([, part]) => !part.ready)
  const whole = page.dataFlows === false ? `recording: ${page.recording}` : page.state
  const state = lame ? `${lame[0]}: ${lame[1].state}` : whole
  const counted = parts.find(([, part]) => part.ticks !== undefined)
  const seen: Seen = { state, ticks: page.ticks ?? counted?.[1].ticks, ready: page.ready === true }
  const ticks = (counted?.[1].streams ?? []).map((stream) => stream.last).filter((last) => last !== undefined)
  const newest = ticks.sort((a, b) => Number(b.st) - Number(a.st))[0]
  if (newest) seen.newest = inWords(newest)
  return seen
}

function inWords({ cid, tt, bp, bs, ap, as, p, s, mp }: Record<string, unknown>): string {
  const values =
    tt === 'bid_ask' ? `${bp ?? '–'} × ${bs ?? '–'} | ${ap ?? '–'} × ${as ?? '–'}` : tt === 'mid_point' ? mp : `${p} × ${s ?? '–'}`
  return `${cid} ${tt} ${values}`
}

/** A line for each program. */
export function statusLines(children: readonly Child[], seen: ReadonlyMap<string, Seen>): string[] {
  return children.map(({ program }) => {
    const { state, ticks, newest } = seen.get(program.name) ?? { state: 'starting', ticks: undefined }
    const count = ticks === undefined ? '' : `${ticks.toLocaleString('en')} ticks`
    return `  ${program.name.padEnd(14)} ${state.padEnd(24)} ${count.padEnd(17)} ${newest ?? program.where}`
  })
}

const UP_AND_CLEAR = (lines: number) => `\x1b[${lines}A\x1b[J`

/** Keeps the status lines at the bottom of a terminal; elsewhere (a pipe, a log) prints them only when `print` is called. */
export class Screen {
  #out: NodeJS.WriteStream
  #shown: string[] = []

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    out.on('error', () => undefined) // a terminal or pipe that was closed must not end the recording
  }

  get live(): boolean {
    return this.#out.isTTY === true
  }

  say(line: string): void {
    this.#erase()
    this.#out.write(`${line}\n`)
    this.#draw()
  }

  show(lines: readonly string[]): void {
    this.#erase()
    const width = this.#out.columns ?? 120
    this.#shown = lines.map((line) => line.slice(0, width - 1))
    this.#draw()
  }

  #erase(): void {
    if (this.live && this.#shown.length > 0) this.#out.write(UP_AND_CLEAR(this.#shown.length))
  }

  #draw(): void {
    if (this.live && this.#shown.length > 0) this.#out.write(`${this.#shown.join('\n')}\n`)
  }
}

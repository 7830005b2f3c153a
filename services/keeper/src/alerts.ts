import { readFile, rename, writeFile } from 'node:fs/promises'
import { isoFromUs, usFromMs } from '@ib-stream/model'

/** What was looked at, and how it is. */
export interface Condition {
  /** What it is about; the name of the alert. */
  alert: string
  /** Undefined where it could not be looked at: the alert stays as it is. */
  firing: boolean | undefined
  /** For a person: what is wrong and what to do. */
  summary: string
}

export interface Alert {
  alert: string
  state: 'firing' | 'resolved'
  summary: string
  /** When it began, ISO 8601 UTC. */
  since: string
  /** Whether its present state has reached whoever is to know. */
  told: boolean
}

/** So many looks in a row must agree: one slow second is nobody's business, and one good one no recovery. */
const LOOKS_TO_CHANGE = 2

/**
 * Which alerts fire. Each is told once when it begins and once when it is over, also over restarts: what was told is kept in a file.
 */
export class Alerts {
  readonly #file: string
  readonly #alerts = new Map<string, Alert>()
  readonly #streaks = new Map<string, number>()

  /** @param file kept whole by renaming; one that cannot be read counts as empty, so alerts that still fire are told again */
  static async open(file: string): Promise<Alerts> {
    const alerts = new Alerts(file)
    const text = await readFile(file, 'utf8').catch(() => '[]')
    for (const alert of parse(text)) alerts.#alerts.set(alert.alert, alert)
    return alerts
  }

  private constructor(file: string) {
    this.#file = file
  }

  get firing(): Alert[] {
    return [...this.#alerts.values()].filter(({ state }) => state === 'firing')
  }

  /** Those whose present state nobody knows yet. */
  get untold(): Alert[] {
    return [...this.#alerts.values()].filter(({ told }) => !told)
  }

  /** Takes one look's conditions, all of them; gives the alerts that began or ended by it. What is no longer among them is over. */
  async look(conditions: readonly Condition[]): Promise<Alert[]> {
    const named = new Set(conditions.map(({ alert }) => alert))
    const dropped = this.firing
      .filter(({ alert }) => !named.has(alert))
      .map(({ alert }) => ({ alert, firing: false, summary: 'no longer watched' }))
    const changed = [...conditions, ...dropped].map((condition) => this.#follow(condition)).filter((alert) => alert !== undefined)
    if (changed.length > 0) await this.#save()
    return changed
  }

  /** Its present state was told; one that is over is forgotten. */
  async told(alert: Alert): Promise<void> {
    const now = this.#alerts.get(alert.alert)
    if (now !== alert) return // it has changed meanwhile and is told again
    if (alert.state === 'resolved') this.#alerts.delete(alert.alert)
    else this.#alerts.set(alert.alert, { ...alert, told: true })
    await this.#save()
  }

  #follow({ alert, firing, summary }: Condition): Alert | undefined {
    const now = this.#alerts.get(alert)
    const isFiring = now?.state === 'firing'
    if (firing === undefined) return undefined
    if (firing === isFiring) {
      this.#streaks.delete(alert)
      return undefined
    }
    const streak = (this.#streaks.get(alert) ?? 0) + 1
    this.#streaks.set(alert, streak)
    if (streak < LOOKS_TO_CHANGE) return undefined
    this.#streaks.delete(alert)
    const next: Alert = firing
      ? { alert, state: 'firing', summary, since: isoFromUs(usFromMs(Date.now())), told: false }
      : { alert, state: 'resolved', summary, since: now?.since ?? '', told: false }
    this.#alerts.set(alert, next)
    if (now?.state === 'firing' && !now.told) this.#alerts.delete(alert) // it was over before anybody knew of it
    return next
  }

  async #save(): Promise<void> {
    await writeFile(`${this.#file}.tmp`, `${JSON.stringify([...this.#alerts.values()], null, 1)}\n`)
    await rename(`${this.#file}.tmp`, this.#file)
  }
}

function parse(text: string): Alert[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.filter(isAlert) : []
  } catch {
    return [] // torn by a power cut
  }
}

function isAlert(value: unknown): value is Alert {
  const { alert, state, summary, since, told } = (value ?? {}) as Record<keyof Alert, unknown>
  const texts = [alert, summary, since].every((text) => typeof text === 'string')
  return texts && (state === 'firing' || state === 'resolved') && typeof told === 'boolean'
}

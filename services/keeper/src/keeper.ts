import { join } from 'node:path'
import { askServices, type Bus, pause, publishOps, TICKS } from '@ib-stream/bus'
import { type RecordingHealth, usFromMs } from '@ib-stream/model'
import { type Backend, OwnerWatch } from '@ib-stream/storage'
import { type Alert, Alerts, type Condition } from './alerts.ts'
import { conditionsOf, type Limits } from './conditions.ts'
import { FollowerWatch } from './follower-watch.ts'
import { lowestOf, type PurgePlan } from './plan-purge.ts'
import { type Position, partitionsOf } from './positions.ts'
import { RecordingWatch } from './recording-watch.ts'
import { type BackendSight, type LogSight, type Sight, seeBackend, seeDisk, seeLog, seeSpool } from './sight.ts'
import { trimLog } from './trim-log.ts'
import type { Webhook } from './webhook.ts'

export interface KeeperOptions {
  bus: Bus
  dataDir: string
  backends: readonly Backend[]
  /** Most bytes that the log may hold. */
  logMaxBytes: number
  keepMs: number
  everyMs: number
  webhook?: Webhook | undefined
  limits?: Limits
  /** What somebody else in this process looks at. */
  otherConditions?: () => Condition[]
  onAlert: (alert: Alert) => void
  /** A look or a delivery went wrong; the next one tries again. */
  onTrouble: (what: string, error: unknown) => void
}

/** Looks at everything in turn: trims the log, watches, tells. One at a time on a DATA_DIR; see `becomeKeeper`. */
export class Keeper {
  readonly #options: KeeperOptions
  readonly #alerts: Alerts
  readonly #watches: readonly { backend: Backend; watch: OwnerWatch }[]
  readonly #followers = new FollowerWatch()
  readonly #recording = new RecordingWatch()
  /** The last look. */
  sight: Sight | undefined
  plan: PurgePlan | undefined
  /** The checkpoint that holds the log back most. */
  lowest: Position | undefined
  purgedMessages = 0
  /** Since when the plan is `blocked`, by a clock that only rises, ms. */
  #blockedSinceMs: number | undefined
  webhookFailures = 0

  static async open(options: KeeperOptions): Promise<Keeper> {
    return new Keeper(options, await Alerts.open(join(options.dataDir, '.state', 'keeper-alerts.json')))
  }

  private constructor(options: KeeperOptions, alerts: Alerts) {
    this.#options = options
    this.#alerts = alerts
    this.#watches = options.backends.map((backend) => ({ backend, watch: new OwnerWatch(options.dataDir, backend) }))
  }

  get firing(): Alert[] {
    return this.#alerts.firing
  }

  /** Works until the signal aborts, with its reason. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      await this.look(signal).catch((error: unknown) => {
        signal.throwIfAborted()
        this.#options.onTrouble('look', error)
      })
      await pause(this.#options.everyMs, signal)
    }
  }

  /** One turn of everything. */
  async look(signal: AbortSignal): Promise<void> {
    const { dataDir, bus, onTrouble } = this.#options
    const log =
      bus.state === 'connected' ? await seeLog(bus, this.#followers).catch((error: unknown) => void onTrouble('log', error)) : undefined
    if (log) await this.#keepLog(log).catch((error: unknown) => onTrouble('trim', error))
    this.sight = {
      disk: await seeDisk(dataDir),
      log,
      backends: await this.#seeBackends(log),
      unsentSpoolBytes: log && (await seeSpool(dataDir, log.lastSeq)),
      trimBlockedMs: this.#blockedSinceMs === undefined ? undefined : performance.now() - this.#blockedSinceMs,
    }
    const conditions = [
      ...conditionsOf(this.sight, this.plan, this.#options.limits),
      ...(await this.#seeRecording(log)),
      ...(this.#options.otherConditions?.() ?? []),
    ]
    const changed = await this.#alerts.look(conditions)
    for (const alert of changed) this.#say(alert, signal)
    await this.#tell(signal)
  }

  /** While the log is away ingest cannot be asked: that is an alert of its own. */
  async #seeRecording(log: LogSight | undefined): Promise<Condition[]> {
    if (!log) return this.#recording.unseen()
    const [ingest] = await askServices(this.#options.bus, 'ingest')
    return this.#recording.look(ingest?.data as RecordingHealth | undefined, performance.now()) // of our own version of the same code
  }

  async #keepLog(log: LogSight): Promise<void> {
    const { bus, logMaxBytes } = this.#options
    if (log.maxBytes !== logMaxBytes && log.bytes < logMaxBytes) {
      await bus.manager.streams.update(TICKS, { max_bytes: logMaxBytes })
      log.maxBytes = logMaxBytes
    }
    const { plan, positions } = await trimLog(this.#options, log)
    this.plan = plan
    this.lowest = lowestOf(positions)
    this.#blockedSinceMs = plan.do === 'blocked' ? (this.#blockedSinceMs ?? performance.now()) : undefined
    if (plan.do !== 'purge') return
    this.purgedMessages += plan.belowSeq - log.firstSeq
    log.firstSeq = plan.belowSeq
  }

  #seeBackends(log: LogSight | undefined): Promise<BackendSight[]> {
    return Promise.all(
      this.#watches.map(async ({ backend, watch }) => {
        const owners = await watch.look(partitionsOf(backend), log?.lastSeq ?? 0)
        return log ? await seeBackend(this.#options.bus, log, { backend, owners }) : { backend, owners, lagMessages: 0, lagSeconds: 0 }
      }),
    )
  }

  #say({ alert, state, summary, since }: Alert, signal: AbortSignal): void {
    this.#options.onAlert({ alert, state, summary, since, told: false })
    const event = { kind: 'alert', st: usFromMs(Date.now()), service: 'keeper', alert, state, summary } as const
    void publishOps(this.#options.bus, event, { id: `alert.${alert}.${state}.${since}`, signal }).catch(() => undefined) // stopped
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const { webhook, onTrouble } = this.#options
    for (const alert of this.#alerts.untold) {
      try {
        await webhook?.post(alert, signal)
        await this.#alerts.told(alert)
      } catch (error) {
        signal.throwIfAborted()
        this.webhookFailures += 1
        return onTrouble('webhook', error) // with the next look it is tried again
      }
    }
  }
}

import { askOwner, type Bus, pause } from '@ib-stream/bus'
import { codeOf } from '@ib-stream/model'
import { type Backend, doJobOffline, type JobResult, type PartitionId, type PartitionJob, type Said, workOffline } from '@ib-stream/storage'
import { natsOf, openBus } from './bus.ts'

export interface OwnersOptions {
  dataDir: string
  /** Address of NATS; default: of the server that `up` runs on this recording, or NATS_URL. */
  nats?: string | undefined
  signal: AbortSignal
}

/** A partition whose owner died or leaves has none for a moment. */
const OWNERLESS_MS = 10_000
const RETRY_EVERY_MS = 250

/** Has work done on the files of partitions: by their owners, over the bus, and under their locks where nobody owns them. */
export class Owners implements AsyncDisposable {
  readonly #options: OwnersOptions
  #bus: Promise<Bus> | undefined

  constructor(options: OwnersOptions) {
    this.#options = options
  }

  /** @throws CliError `IBS_CLI_NATS_AWAY` where an owner cannot be asked; BusError and StorageError of the work; `signal.reason` */
  async doJob<Job extends PartitionJob>(
    at: { backend: Backend; partition: PartitionId },
    job: Job,
    say: (said: Said) => void = () => undefined,
  ): Promise<JobResult<Job>> {
    const { dataDir, signal } = this.#options
    for (const endMs = performance.now() + OWNERLESS_MS; ; ) {
      const local = await workOffline({ dataDir, ...at }, (work) => doJobOffline(work, job, { dataDir, say, signal }))
      if (local) return local.result as JobResult<Job>
      try {
        this.#bus ??= this.#connect()
        const answer = await askOwner(await this.#bus, { ...at, request: job, onSaid: (said) => say(said as Said), signal })
        return answer as JobResult<Job> // of our own version of the same code
      } catch (error) {
        if (codeOf(error) !== 'IBS_BUS_NO_OWNER' || performance.now() > endMs) throw error
      }
      await pause(RETRY_EVERY_MS, signal)
    }
  }

  async #connect(): Promise<Bus> {
    const { dataDir, nats, signal } = this.#options
    return await openBus(await natsOf(nats, dataDir), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#bus?.catch(() => undefined))?.close()
  }
}

import { readBack } from './day-copy.ts'
import type { ArchivedDay } from './day-record.ts'
import type { ObjectFacts, ObjectStore } from './object-store.ts'

type ObjectFound = Pick<ObjectFacts, 'bytes' | 'etag'>
type Find = (key: string, signal?: AbortSignal) => Promise<ObjectFound | undefined>

/** What is in the bucket, to be held to what the records say. */
export class Audit {
  readonly #store: ObjectStore
  readonly #prefix: string
  readonly #find: Find
  /** Dates that have a record in the bucket. */
  readonly dates: string[] = []

  /** Of everything, by lists of a thousand objects. Memory: a short entry for each object. */
  static async list({ store, prefix }: { store: ObjectStore; prefix: string }, signal?: AbortSignal): Promise<Audit> {
    const objects = new Map<string, ObjectFound>()
    for await (const object of store.list(`${prefix}parquet/`, signal)) objects.set(object.key, object)
    const audit = new Audit({ store, prefix }, async (key) => objects.get(key))
    for await (const { key } of store.list(`${prefix}manifest/`, signal)) {
      const date = /\/(\d{4}-\d\d-\d\d)\.json$/.exec(key)?.[1]
      if (date !== undefined) audit.dates.push(date)
    }
    return audit
  }

  /** Of few days: each object is asked for when it is held. */
  static ofFew({ store, prefix }: { store: ObjectStore; prefix: string }): Audit {
    return new Audit({ store, prefix }, (key, signal) => store.head(key, signal))
  }

  private constructor({ store, prefix }: { store: ObjectStore; prefix: string }, find: Find) {
    this.#store = store
    this.#prefix = prefix
    this.#find = find
  }

  /**
   * Size and etag tell a copy that nobody touched; any other is read, whole.
   * @returns the day as it is there now; undefined where its copy is gone or another one
   */
  async hold(day: ArchivedDay, signal?: AbortSignal): Promise<ArchivedDay | undefined> {
    const key = `${this.#prefix}${day.path}`
    const found = await this.#find(key, signal)
    if (found === undefined || found.bytes !== day.bytes) return undefined
    if (found.etag === day.etag) return day
    return (await readBack({ store: this.#store, signal }, key)) === day.sha256
      ? { ...day, etag: found.etag, confirmed: 'read' }
      : undefined
  }
}

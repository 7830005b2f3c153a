import { readBack } from './day-copy.ts'
import type { ArchivedDay } from './day-record.ts'
import type { ListedObject, ObjectStore } from './object-store.ts'

/** What is in the bucket, to be held to what the records say. Memory: a short entry for each object. */
export class Audit {
  readonly #store: ObjectStore
  readonly #prefix: string
  readonly #objects = new Map<string, ListedObject>()
  /** Dates that have a record in the bucket. */
  readonly dates: string[] = []

  static async list({ store, prefix }: { store: ObjectStore; prefix: string }, signal?: AbortSignal): Promise<Audit> {
    const audit = new Audit(store, prefix)
    for await (const object of store.list(`${prefix}parquet/`, signal)) audit.#objects.set(object.key, object)
    for await (const { key } of store.list(`${prefix}manifest/`, signal)) {
      const date = /\/(\d{4}-\d\d-\d\d)\.json$/.exec(key)?.[1]
      if (date !== undefined) audit.dates.push(date)
    }
    return audit
  }

  private constructor(store: ObjectStore, prefix: string) {
    this.#store = store
    this.#prefix = prefix
  }

  /**
   * Size and etag tell a copy that nobody touched; any other is read, whole.
   * @returns the day as it is there now; undefined where its copy is gone or another one
   */
  async hold(day: ArchivedDay, signal?: AbortSignal): Promise<ArchivedDay | undefined> {
    const key = `${this.#prefix}${day.path}`
    const found = this.#objects.get(key)
    if (found === undefined || found.bytes !== day.bytes) return undefined
    if (found.etag === day.etag) return day
    return (await readBack({ store: this.#store, signal }, key)) === day.sha256
      ? { ...day, etag: found.etag, confirmed: 'read' }
      : undefined
  }
}

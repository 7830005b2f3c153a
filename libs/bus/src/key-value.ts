import { type KV, Kvm } from '@nats-io/kv'
import type { Bus } from './connection.ts'
import { ensureStream } from './ensure-stream.ts'
import { BusError } from './errors.ts'
import { bucketConfig } from './stream-configs.ts'

/** A bucket of JSON values that services share; it survives their restarts. */
export interface KeyValue<Value> {
  /** The value of a key; undefined where it has none. */
  get(key: string): Promise<Value | undefined>
  /** Whether the key has a value or had one that was deleted. */
  isKnown(key: string): Promise<boolean>
  put(key: string, value: Value): Promise<void>
  delete(key: string): Promise<void>
  /** Every key with its value, in order of their last change. */
  all(): Promise<Map<string, Value>>
  /** What is there, then every change as it comes, until the signal aborts. An undefined value: the key was deleted. */
  watch(signal: AbortSignal): AsyncIterable<{ key: string; value: Value | undefined }>
}

export interface KeyValueOptions<Value> {
  bucket: string
  /** Reads what stands there; undefined for what is no such value, which is passed over. */
  parse(value: unknown): Value | undefined
}

/** The client's iterator can hang for ever when the connection breaks under it. */
const LIST_WITHIN_MS = 5_000

/**
 * Opens a bucket, making it where it is missing, with one copy: the init step of the streams gives it as many as are configured.
 * @throws BusError `IBS_BUS_STREAM_DIFFERS`; the client's errors where the server cannot be asked
 */
export async function openKeyValue<Value>(bus: Bus, { bucket, parse }: KeyValueOptions<Value>): Promise<KeyValue<Value>> {
  await ensureStream(bus.manager, bucketConfig(bucket, 1))
  return new Bucket(await new Kvm(bus.jetstream).open(bucket), bucket, parse)
}

class Bucket<Value> implements KeyValue<Value> {
  readonly #kv: KV
  readonly #name: string
  readonly #parse: (value: unknown) => Value | undefined

  constructor(kv: KV, name: string, parse: (value: unknown) => Value | undefined) {
    this.#kv = kv
    this.#name = name
    this.#parse = parse
  }

  async get(key: string): Promise<Value | undefined> {
    const entry = await this.#kv.get(key)
    return entry?.operation === 'PUT' ? this.#read(entry.value) : undefined
  }

  async isKnown(key: string): Promise<boolean> {
    return (await this.#kv.get(key)) !== null
  }

  async put(key: string, value: Value): Promise<void> {
    await this.#kv.put(key, JSON.stringify(value))
  }

  async delete(key: string): Promise<void> {
    await this.#kv.delete(key)
  }

  async all(): Promise<Map<string, Value>> {
    const found = new Map<string, Value>()
    const stop = new AbortController()
    const late = setTimeout(() => stop.abort(this.#silent()), LIST_WITHIN_MS)
    try {
      const { values } = await this.#kv.status()
      if (values === 0) return found
      for await (const { key, value, left } of this.#changes(stop.signal)) {
        if (value === undefined) found.delete(key)
        else found.set(key, value)
        if (left === 0) return found
      }
      throw this.#silent() // a connection that is closed meanwhile ends the iterator without a word: what has come is no list
    } finally {
      clearTimeout(late)
    }
  }

  async *watch(signal: AbortSignal): AsyncGenerator<{ key: string; value: Value | undefined }> {
    for await (const { key, value } of this.#changes(signal)) yield { key, value }
  }

  async *#changes(signal: AbortSignal): AsyncGenerator<{ key: string; value: Value | undefined; left: number }> {
    const entries = await this.#kv.watch()
    const stop = () => entries.stop()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    try {
      for await (const { key, operation, value, delta = 0 } of entries)
        yield { key, value: operation === 'PUT' ? this.#read(value) : undefined, left: delta }
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
    }
  }

  #read(bytes: Uint8Array): Value | undefined {
    try {
      return this.#parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
    } catch (error) {
      if (Error.isError(error) && error.name === 'SyntaxError') return undefined
      throw error
    }
  }

  #silent(): BusError {
    return new BusError(
      'IBS_BUS_NO_ANSWER',
      `bucket ${this.#name} was not listed within ${LIST_WITHIN_MS} ms; look at NATS and try again`,
      {
        bucket: this.#name,
      },
    )
  }
}

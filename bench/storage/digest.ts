import { deepStrictEqual } from 'node:assert'
import { createHash } from 'node:crypto'
import type { TickMessage } from '@ib-stream/model'
import { type TickColumns, tickOfRow } from '@ib-stream/storage'
import { encode } from './trees.ts'

const AT_ONCE = 4_096

/** What an answer must be, tick by tick and in its order: the digest of its records in one format. */
export class Digest {
  readonly #hash = createHash('sha1')
  readonly #format: 'json' | 'pb'

  constructor(format: 'json' | 'pb' = 'json') {
    this.#format = format
  }

  ticks(ticks: readonly TickMessage[]): this {
    for (let at = 0; at < ticks.length; at += AT_ONCE) this.#hash.update(encode(this.#format, ticks.slice(at, at + AT_ONCE)))
    return this
  }

  columns(columns: TickColumns): this {
    return this.ticks(Array.from({ length: columns.length }, (_, row) => tickOfRow(columns, row)))
  }

  bytes(chunk: Uint8Array): this {
    this.#hash.update(chunk)
    return this
  }

  async each<Item>(items: AsyncIterable<Item>, take: (this: Digest, item: Item) => unknown): Promise<this> {
    for await (const item of items) take.call(this, item)
    return this
  }

  get hex(): string {
    return this.#hash.digest('hex')
  }
}

/** Fails where an answer is not the very ticks, in their order. */
export function assertSame(name: string, found: Digest, wanted: readonly TickMessage[], format: 'json' | 'pb' = 'json'): void {
  deepStrictEqual(found.hex, new Digest(format).ticks(wanted).hex, `${name}: not the ticks that were put there`)
}

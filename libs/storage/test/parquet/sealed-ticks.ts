import { compareTicks, TICK_TYPES, type TickMessage } from '@ib-stream/model'
import fc from 'fast-check'
import type { SealedBytes } from '../../src/parquet/sealed-file.ts'
import { arbitraryTick } from '../arbitrary-tick.ts'

export const CID = 8314

/** Any valid ticks of one contract and type; prices now and then as an exchange has them. */
export const arbitraryTicks: fc.Arbitrary<TickMessage[]> = fc
  .tuple(fc.constantFrom(...TICK_TYPES), fc.array(arbitraryTick, { minLength: 1, maxLength: 200 }), fc.boolean())
  .map(([tt, ticks, plain]) => {
    const ofType = ticks.filter((tick) => tick.tt === tt).map((tick) => ({ ...tick, cid: CID }))
    return plain ? ofType.map(withPlainNumbers) : ofType
  })
  .filter((ticks) => ticks.length > 0)

/** All prices and sizes to two places, so that the file has DECIMAL columns. */
function withPlainNumbers(tick: TickMessage): TickMessage {
  const rounded = (value: unknown) => (typeof value === 'number' && Math.abs(value) < 1e12 ? Math.round(value * 100) / 100 || 0 : 1)
  const changed = ['p', 's', 'bp', 'bs', 'ap', 'as', 'mp']
    .filter((key) => key in tick)
    .map((key) => [key, rounded(tick[key as keyof TickMessage])])
  return { ...tick, ...Object.fromEntries(changed) }
}

export const inQueryOrder = (ticks: readonly TickMessage[]): TickMessage[] => ticks.toSorted(compareTicks)

/** A file in memory, and what was read of it. */
export function inMemory(bytes: Uint8Array): SealedBytes & { readBytes: number } {
  const file = {
    path: 'parquet/in-memory',
    sizeBytes: bytes.length,
    readBytes: 0,
    async read(offsetBytes: number, lengthBytes: number) {
      const some = bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
      file.readBytes += some.length
      return some
    },
  }
  return file
}

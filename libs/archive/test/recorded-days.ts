import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash31, hourOf, type TickMessage, type TradeTick, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { encodeTickProto, listWholeDays, openPartitionStore, Sealer, segmentPath } from '@ib-stream/storage'

export const CID = 8314
const PARTITION = 9
const SOURCE = { spoolId: 'spool-1', source: 'simulator' as const }
export const FIRST_DAY_US = Date.UTC(2025, 6, 28) * 1_000

/** Trade n: one each two hours, from the first day on. */
function trade(n: number): TradeTick {
  const ts = FIRST_DAY_US + n * 2 * US_PER_HOUR + 60_000_000
  return { ts, st: ts + 5, cid: CID, tt: 'last', rid: hash31(CID, 'last'), p: 100 + (n % 7) / 4, s: n + 1 }
}

/** A recording whose archive has days that are one file each. */
export class RecordedDays implements AsyncDisposable {
  readonly dataDir: string
  #seq = 0
  #nowUs = 0

  /** @param days days that are over, one file each */
  static async make(days: number): Promise<RecordedDays> {
    const recorded = new RecordedDays(await mkdtemp(join(tmpdir(), 'ibs-archive-')))
    await recorded.take(Array.from({ length: days * 12 + 2 }, (_, n) => trade(n)))
    return recorded
  }

  private constructor(dataDir: string) {
    this.dataDir = dataDir
  }

  /** A trade of the first day that comes now. */
  async takeLate(): Promise<void> {
    await this.take([{ ...trade(3), ts: FIRST_DAY_US + 7 * US_PER_HOUR, s: 999 + this.#seq }])
  }

  private async take(ticks: readonly TickMessage[]): Promise<void> {
    await using store = await openPartitionStore({ dataDir: this.dataDir, backend: 'parquet', partition: PARTITION, source: SOURCE })
    if (store === undefined) throw new Error('the partition is locked')
    const nowMs = () => Number.MAX_SAFE_INTEGER // late ticks are merged at once
    const sealer = new Sealer({ dataDir: this.dataDir, partition: PARTITION, source: SOURCE, store, nowMs })
    await sealer.recover()
    for (const tick of ticks) {
      this.#seq += 1
      this.#nowUs = Math.max(tick.st, this.#nowUs + 1)
      store.append(
        segmentPath({ backend: 'parquet', cid: CID, tt: tick.tt, hourUs: hourOf(tick.ts) }),
        encodeTickProto({ ...tick, st: this.#nowUs }),
      )
      store.advance(this.#seq, this.#nowUs)
    }
    await store.commitDurable()
    await sealer.sealHours()
    for (const day of await sealer.dueDays()) {
      const prepared = await sealer.prepareDay(day)
      if (prepared) await sealer.finishDay(prepared)
    }
  }

  /** Paths of its day files. */
  async paths(): Promise<string[]> {
    return (await listWholeDays(this.dataDir)).map(({ path }) => path)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.dataDir, { recursive: true })
  }
}

export const ALL_TIME = { startUs: FIRST_DAY_US - US_PER_DAY, endUs: FIRST_DAY_US + 90 * US_PER_DAY }

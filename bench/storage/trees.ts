import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { hourOf, isoFromUs, partitionOf, type TickMessage, US_PER_DAY } from '@ib-stream/model'
import { type Backend, encodeTicksJson, encodeTicksProto, manifestPath, parseSegmentPath, segmentPath } from '@ib-stream/storage'
import { encodeManifestEntry } from '../../libs/storage/src/manifest/manifest-entry.ts'
import { EMPTY_TALLY, extendTally, type Tally } from '../../libs/storage/src/manifest/tally.ts'
import { writtenV2Line } from '../../libs/storage/test/import/old-recordings.ts'

/** Runs work in a folder of its own, which is gone afterwards. */
export async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

export const encode = (backend: Backend, ticks: readonly TickMessage[]): Uint8Array =>
  backend === 'json' ? encodeTicksJson(ticks) : encodeTicksProto(ticks)

/** Files as a writer leaves them when their hours close: with a manifest entry each, without a checkpoint. May be added to until it is closed. */
export class ClosedTree {
  readonly #tallies = new Map<string, Tally>()
  readonly #dataDir: string
  readonly #backend: Backend

  constructor(dataDir: string, backend: Backend) {
    this.#dataDir = dataDir
    this.#backend = backend
  }

  add(ticks: readonly TickMessage[]): void {
    const backend = this.#backend
    for (const [path, some] of Map.groupBy(ticks, ({ cid, tt, ts }) => segmentPath({ backend, cid, tt, hourUs: hourOf(ts) }))) {
      const bytes = encode(backend, some)
      const before = this.#tallies.get(path)
      if (before === undefined) mkdirSync(dirname(join(this.#dataDir, path)), { recursive: true })
      appendFileSync(join(this.#dataDir, path), bytes)
      this.#tallies.set(path, extendTally(before ?? EMPTY_TALLY, path, bytes, { firstSeq: 1, lastSeq: 1 }))
    }
  }

  close(): void {
    const lines = new Map<string, string>()
    for (const [path, tally] of this.#tallies) {
      const partition = partitionOf(parseSegmentPath(path)?.cid ?? 0)
      const dayUs = Math.floor(tally.firstTs / US_PER_DAY) * US_PER_DAY
      const manifest = manifestPath({ backend: this.#backend, partition, dayUs })
      lines.set(manifest, `${lines.get(manifest) ?? ''}${encodeManifestEntry({ path, ...tally })}`)
    }
    for (const [path, text] of lines) {
      mkdirSync(dirname(join(this.#dataDir, path)), { recursive: true })
      writeFileSync(join(this.#dataDir, path), text)
    }
  }
}

export function putTree(dataDir: string, backend: Backend, ticks: readonly TickMessage[]): void {
  const tree = new ClosedTree(dataDir, backend)
  tree.add(ticks)
  tree.close()
}

/** The tree of the verbose JSON that came before: a file for each contract, type and hour of arrival. */
export function putV2Tree(dataDir: string, ticks: readonly TickMessage[]): void {
  const byPath = Map.groupBy(ticks, ({ cid, tt, st }) => join(dataDir, v2HourFolder(st), `bg_${cid}_${tt}.jsonl`))
  for (const [path, some] of byPath) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, some.map((tick) => writtenV2Line(tick)).join(''))
  }
}

export const v2HourFolder = (us: number): string => `v2/json/${isoFromUs(us).slice(0, 13).replaceAll(/[-T]/g, '/')}`

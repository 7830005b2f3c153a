import { join } from 'node:path'
import { type FileIdentity, isSameFile } from './file-identity.ts'
import type { SegmentFile } from './segment-file.ts'
import type { GrowingSurvey } from './survey.ts'

/** A hundred bytes each: some 6 MB for 8 GB of files. */
const MOST_STRETCHES = 65_536

interface Kept extends FileIdentity {
  modifiedMs: number
  survey: GrowingSurvey
}

/** Surveys of this process, the one used longest ago first. A file that was replaced, cut or, where nothing vouches for it, changed in any way is surveyed anew. */
class SurveyCache {
  readonly #kept = new Map<string, Kept>()
  #stretches = 0

  /** A copy that the caller may extend. */
  take(file: SegmentFile): GrowingSurvey | undefined {
    const { read } = file
    const key = keyOf(file)
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    const { survey, modifiedMs } = kept
    const isAsItWas = isSameFile(kept, read) && survey.surveyedBytes <= read.bytes && (read.committed || modifiedMs === read.modifiedMs)
    this.#drop(key)
    if (!isAsItWas) return undefined
    this.#put(key, kept)
    return { ...survey, stretches: [...survey.stretches] }
  }

  keep(file: SegmentFile, survey: GrowingSurvey): void {
    const key = keyOf(file)
    this.#drop(key)
    const { inode, bornMs, modifiedMs } = file.read
    this.#put(key, { inode, bornMs, modifiedMs, survey })
    for (const [oldest] of this.#kept) {
      if (this.#stretches <= MOST_STRETCHES) break
      this.#drop(oldest)
    }
  }

  /** What is kept of a file proved wrong. */
  forget(file: SegmentFile): void {
    this.#drop(keyOf(file))
  }

  #put(key: string, kept: Kept): void {
    this.#kept.set(key, kept)
    this.#stretches += 1 + kept.survey.stretches.length
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key)
    if (kept === undefined) return
    this.#kept.delete(key)
    this.#stretches -= 1 + kept.survey.stretches.length
  }
}

const keyOf = ({ read, context }: SegmentFile): string => join(context.dataDir, read.segment.path)

export const surveyCache = new SurveyCache()

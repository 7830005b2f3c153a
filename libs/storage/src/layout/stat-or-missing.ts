import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { isMissing } from '../errors.ts'

/** What the disk knows of a path; undefined where nothing is. @throws what `stat` says else */
export async function statOrMissing(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

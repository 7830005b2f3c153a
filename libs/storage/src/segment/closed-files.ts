import { US_PER_SECOND } from '@ib-stream/model'
import { SEALED_BACKEND } from '../layout/backend.ts'
import { endOfFileUs, parseSegmentPath } from '../layout/segment-path.ts'

/** An hour is closed once the log has ticks received this long after its end; later ones are late and list the file again. */
export const CLOSE_AFTER_US = 600 * US_PER_SECOND

/** Listed files that the log will hardly add to any more, and that then count whole. Rows are listed for as long as they count: sealing ends them. */
export function closedFiles(paths: Iterable<string>, newestStUs: number): string[] {
  return [...paths].filter((path) => !isRows(path) && closesBefore(path, newestStUs))
}

/** True where the hour (the day) of a file is closed by a log that has come to `newestStUs`. */
export function closesBefore(path: string, newestStUs: number): boolean {
  return (endOfFileUs(path) ?? Number.POSITIVE_INFINITY) + CLOSE_AFTER_US <= newestStUs
}

/** Rows of the archive that wait to be sealed. They count only while a checkpoint lists them. */
export const isRows = (path: string): boolean => parseSegmentPath(path)?.backend === SEALED_BACKEND

import { US_PER_SECOND } from '@ib-stream/model'
import { endOfFileUs } from '../layout/segment-path.ts'

/** An hour is closed once the log has ticks received this long after its end; later ones are late and list the file again. */
export const CLOSE_AFTER_US = 600 * US_PER_SECOND

/** Listed files that the log will hardly add to any more. */
export function closedFiles(paths: Iterable<string>, newestStUs: number): string[] {
  return [...paths].filter((path) => closesBefore(path, newestStUs))
}

/** True where the hour (the day) of a file is closed by a log that has come to `newestStUs`. */
export function closesBefore(path: string, newestStUs: number): boolean {
  return (endOfFileUs(path) ?? Number.POSITIVE_INFINITY) + CLOSE_AFTER_US <= newestStUs
}

import { StorageError } from '../errors.ts'

/** No record is longer: a tick has some hundred bytes and a message of the log 64 KiB; a longer "record" is damage that would swallow the rest of the file. */
export const MAX_RECORD_BYTES = 1024 * 1024

export function tooLong(bytes: number): StorageError {
  return new StorageError(
    'IBS_STORAGE_RECORD_TOO_LONG',
    `a record of ${bytes} bytes or more; these bytes are no records, restore the file`,
    { bytes, limitBytes: MAX_RECORD_BYTES },
  )
}

export function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

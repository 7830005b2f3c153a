import { text as textOf } from 'node:stream/consumers'
import { ArchiveError } from './errors.ts'
import type { ObjectStore } from './object-store.ts'
import { bodyOf } from './records.ts'

/** Below the prefix. */
export const MARKER = 'ib-stream.json'

/**
 * Real days and simulated ones never share a prefix: its first day says which they are.
 * @param make whether a prefix that has none yet gets its marker
 * @throws ArchiveError `IBS_ARCHIVE_SOURCE_MIXED`, `IBS_ARCHIVE_RECORD_INVALID`, what the store throws
 */
export async function assertSource(
  { store, prefix, source }: { store: ObjectStore; prefix: string; source: 'gateway' | 'simulator' },
  { make, signal }: { make: boolean; signal: AbortSignal | undefined },
): Promise<void> {
  const key = `${prefix}${MARKER}`
  const body = await store.get(key, signal)
  if (body === undefined) {
    if (make) await store.put(key, bodyOf(`${JSON.stringify({ version: 1, source })}\n`), signal)
    return
  }
  const found = sourceIn(await textOf(body))
  if (found === source) return
  if (found === undefined)
    throw new ArchiveError('IBS_ARCHIVE_RECORD_INVALID', `${key} is none of ours; choose another ARCHIVE_S3_PREFIX`, { key })
  throw new ArchiveError(
    'IBS_ARCHIVE_SOURCE_MIXED',
    `the prefix "${prefix}" holds days of the ${found}, these are of the ${source}; give each an ARCHIVE_S3_PREFIX of its own`,
    { key, found, source },
  )
}

function sourceIn(text: string): 'gateway' | 'simulator' | undefined {
  try {
    const { source } = JSON.parse(text) as { source?: unknown }
    return source === 'gateway' || source === 'simulator' ? source : undefined
  } catch {
    return undefined
  }
}

import type { TickMessage } from '@ib-stream/model'
import { decodeTickJsonGeneric } from './json-generic.ts'
import { JsonScanner } from './json-scan.ts'

export { encodeTickJson, encodeTicksJson } from './json-writer.ts'

/** So many characters have at most three times as many bytes. Longer lines have texts that are none of IB's. */
const LONGEST_LINE = 340

const line = Buffer.alloc(3 * LONGEST_LINE + 1)
const scanner = new JsonScanner(line)

/**
 * The tick of one line.
 * @throws StorageError `IBS_STORAGE_TICK_INVALID` (field, value, rule)
 */
export function decodeTickJson(text: string): TickMessage {
  return scanTickJson(text) ?? decodeTickJsonGeneric(text)
}

/** The tick of a line that is spelled as we spell it and valid; undefined where only the generic twin can tell. */
export function scanTickJson(text: string): TickMessage | undefined {
  if (text.length > LONGEST_LINE) return undefined
  const bytes = line.write(text)
  line[bytes] = 0 // nothing is found beyond it
  const tick = scanner.tickAt(0)
  return scanner.end === bytes ? tick : undefined
}

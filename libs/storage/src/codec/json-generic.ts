import { checkTick, FIELDS, type TickMessage } from '@ib-stream/model'
import { StorageError } from '../errors.ts'

/** Twin of `encodeTickJson`: short and obvious, driven by the table of fields. */
export function encodeTickJsonGeneric(tick: TickMessage): string {
  const given = tick as unknown as Record<string, unknown>
  const kept = FIELDS.filter(({ key }) => given[key] !== undefined && given[key] !== false)
  return JSON.stringify(Object.fromEntries(kept.map(({ key }) => [key, given[key]])))
}

/**
 * Twin of `decodeTickJson`, and its answer wherever that is unsure.
 * @throws StorageError `IBS_STORAGE_TICK_INVALID`
 */
export function decodeTickJsonGeneric(line: string): TickMessage {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    const shown = line.slice(0, 200)
    throw new StorageError(
      'IBS_STORAGE_TICK_INVALID',
      `${JSON.stringify(shown)} is no JSON; each line is one JSON object`,
      { field: '-', value: shown, rule: 'one JSON object a line' },
      { cause },
    )
  }
  return validTick(value)
}

/** The tick, or `IBS_STORAGE_TICK_INVALID` with field, value and rule. */
export function validTick(value: unknown): TickMessage {
  const check = checkTick(value)
  if (check.ok) return check.tick
  const { field, value: found, rule } = check.fault
  throw new StorageError('IBS_STORAGE_TICK_INVALID', `field ${field} is ${JSON.stringify(found)?.slice(0, 200)}; the rule is: ${rule}`, {
    field,
    value: found,
    rule,
  })
}

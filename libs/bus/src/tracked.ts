import { parseTrackedContract, type TrackedContract } from '@ib-stream/model'
import type { Bus } from './connection.ts'
import { type KeyValue, openKeyValue } from './key-value.ts'

export const TRACKED_BUCKET = 'tracked'

/** The contracts that ingest records by itself, by {@link trackedKey}. Whoever changes it changes what is recorded, at once and for good. */
export const openTracked = (bus: Bus): Promise<KeyValue<TrackedContract>> =>
  openKeyValue(bus, { bucket: TRACKED_BUCKET, parse: parseTrackedContract })

/** Key of a contract's name: letters, digits and single dots as they are, anything else as `=` and two hexadecimal digits. */
export const trackedKey = (name: string): string =>
  name.replace(/[^A-Za-z0-9.]|^\.|\.(?=\.|$)/g, (char) => `=${char.charCodeAt(0).toString(16).padStart(2, '0')}`)

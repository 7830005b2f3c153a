import { msFromUs, US_PER_SECOND, usFromMs } from '@ib-stream/model'

/** A time as v2 wrote it; without a zone `us` reads it as if it were UTC. */
export interface V2Time {
  us: number
  zoned: boolean
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?$/i

/** `2025-07-30T01:07:14.777542+00:00`, `…Z`, `2025-07-30 01:07:14 UTC`, or local time without a zone; undefined for anything else. */
export function parseV2Time(text: unknown): V2Time | undefined {
  if (typeof text !== 'string') return undefined
  const [, year, month, day, hour, minute, second, fraction = '', zone] = TIME.exec(text.trim()) ?? []
  if (year === undefined) return undefined
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  if (new Date(ms).toISOString().slice(0, 19) !== `${year}-${month}-${day}T${hour}:${minute}:${second}`) return undefined // 31 June
  const us = usFromMs(ms) + Number(fraction.padEnd(6, '0').slice(0, 6))
  return { us: us - offsetUs(zone), zoned: zone !== undefined }
}

function offsetUs(zone: string | undefined): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone ?? '') ?? []
  if (hours === undefined) return 0
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60) * US_PER_SECOND
}

const QUARTER_US = 900 * US_PER_SECOND // zones differ from UTC by whole quarters of an hour

/**
 * A local time whose zone is not said, beside a moment known to be within minutes of it: the zone is the whole number of quarter hours between the two.
 * @param localUs the local time, read as UTC
 */
export function zonedBeside(localUs: number, knownUs: number): number {
  return localUs - Math.round((localUs - knownUs) / QUARTER_US) * QUARTER_US
}

/** A local time in a named zone as UTC. In the hour that a clock set back gives twice, the first one. */
export function zonedIn(localUs: number, zone: string): number {
  // two looks: the offset at the guess may not be the one at the answer, on a day when clocks change
  const early = localUs - zoneOffsetUs(localUs - US_PER_DAY_OFFSET, zone)
  const late = localUs - zoneOffsetUs(localUs + US_PER_DAY_OFFSET, zone)
  return zoneOffsetUs(early, zone) === localUs - early ? early : late
}

const US_PER_DAY_OFFSET = 86_400 * US_PER_SECOND

const formats = new Map<string, Intl.DateTimeFormat>()

/** @throws RangeError for a zone that is none */
function zoneOffsetUs(us: number, zone: string): number {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    formats.set(zone, format)
  }
  const name = format.formatToParts(msFromUs(us)).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  return offsetUs(name.replace(/^GMT/, ''))
}

/** A whole or fractional number of seconds, ms or µs since 1970, told apart by its size: from 1990 to 2255 the three do not overlap. */
export function usFromUnixTime(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number) || number <= 0) return undefined
  if (number < 1e11) return Math.round(number * US_PER_SECOND)
  return number < 1e14 ? usFromMs(number) : Math.round(number)
}

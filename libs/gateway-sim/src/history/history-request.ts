import { US_PER_SECOND } from '../clock.ts'
import { isTimeZone, usOfLocalTime } from '../contract/local-time.ts'
import { type ContractQuery, contractAt, FieldError, integerAt } from '../wire/request.ts'

/** Data that request 96 can ask for. */
export const WHAT_TO_SHOW = ['TRADES', 'BID_ASK', 'MIDPOINT'] as const

/** One of WHAT_TO_SHOW. */
export type WhatToShow = (typeof WHAT_TO_SHOW)[number]

/** Request 96 as it was sent. */
export interface HistoryRequest {
  readonly requestId: number
  readonly contract: ContractQuery
  readonly includeExpired: boolean
  readonly start: string
  readonly end: string
  readonly count: number
  /** As sent: whether it is known is for the answer to say. */
  readonly what: string
  readonly liquidOnly: boolean
  readonly ignoreSize: boolean
  /** Everything but the request id: what makes two requests identical. */
  readonly identity: string
}

/** Request 96. It has no version field. */
export function parseHistoryRequest(fields: readonly string[]): HistoryRequest {
  return {
    requestId: integerAt(fields, 1),
    contract: contractAt(fields, 2),
    includeExpired: fields[14] === '1',
    start: fields[15] ?? '',
    end: fields[16] ?? '',
    count: integerAt(fields, 17),
    what: fields[18] ?? '',
    liquidOnly: fields[19] === '1',
    ignoreSize: fields[20] === '1',
    identity: fields.slice(2).join('\0'),
  }
}

/** A moment of a request, and whether its zone was left to the gateway (warning 2174). */
export interface RequestedTime {
  readonly us: number
  readonly zoneImplied: boolean
}

/**
 * Reads `YYYYMMDD HH:MM:SS zone`, `YYYYMMDD HH:MM:SS` in the gateway's zone, or `YYYYMMDD-HH:MM:SS` in UTC.
 * @throws FieldError for anything else: error 10314
 */
export function parseRequestedTime(text: string, gatewayZone: string): RequestedTime {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(-)| +)(\d\d):(\d\d):(\d\d)(?: +(\S+))?$/.exec(text)
  const [, year, month, date, dash, hour = '', minute = '', second = '', zone] = match ?? []
  const day = `${year}-${month}-${date}`
  const valid = match !== null && isTimeOfCalendar(`${day}T${hour}:${minute}:${second}.000Z`) && (dash === undefined || zone === undefined)
  if (!valid || (zone !== undefined && !isTimeZone(zone))) throw new FieldError(`${text} is no time`)
  const timeZone = dash === '-' ? 'UTC' : (zone ?? gatewayZone)
  const us = usOfLocalTime(day, Number(hour) * 60 + Number(minute), timeZone) + Number(second) * US_PER_SECOND
  return { us, zoneImplied: dash === undefined && zone === undefined }
}

/** Date takes 30 February for 2 March, and 24:00 for the next midnight. */
function isTimeOfCalendar(iso: string): boolean {
  const ms = Date.parse(iso)
  return !Number.isNaN(ms) && new Date(ms).toISOString() === iso
}

import { dateOfUs } from '../clock.ts'
import { WireError } from './frame.ts'

/** Oldest protocol that the simulator speaks, for clients that offer no newer one: before it CONTRACT_DATA had a version field. */
export const MIN_SERVER_VERSION = 164
/** Oldest one that it can be told to stop at. */
export const MIN_CONFIGURABLE_VERSION = 176
/** Newest one: from 194 on errors carry a time, from 201 on messages are protobuf. */
export const MAX_SERVER_VERSION = 193

/** First bytes of every client since TWS API 9.7. */
export const GREETING_PREFIX = 'API\0'

/** Versions that a client offers; both ends included. */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

/** First message of a client. */
export interface Greeting extends VersionRange {
  /** It wants IB to slow its messages down where they come too fast (`+PACEAPI`), instead of error 100. */
  readonly paced: boolean
}

/**
 * Reads `v100..193`, `v187`, each with connect options after a space; `+PACEAPI` is the one that IB documents.
 * @throws WireError for anything else: the real TWS resets such a connection
 */
export function parseGreeting(text: string): Greeting {
  const match = /^v(\d{1,9})(?:\.\.(\d{1,9}))?(?: (.*))?$/s.exec(text)
  if (match === null) throw new WireError(`the version range ${JSON.stringify(text.slice(0, 60))} is not vMIN..MAX`)
  const min = Number(match[1])
  const options = (match[3] ?? '').toUpperCase().split(' ')
  return { min, max: match[2] === undefined ? min : Number(match[2]), paced: options.includes('+PACEAPI') }
}

/**
 * The newest version that both sides know.
 * @throws WireError when there is none
 */
export function negotiate(offered: VersionRange, maxServerVersion: number): number {
  const version = Math.min(offered.max, maxServerVersion)
  if (version < MIN_SERVER_VERSION || version < offered.min) {
    throw new WireError(`the client speaks v${offered.min}..${offered.max}, this gateway ${MIN_SERVER_VERSION}..${maxServerVersion}`)
  }
  return version
}

/** `20260405 23:49:26 UTC`: the second field of the server's first frame. */
export function connectionTime(wallUs: number): string {
  const iso = dateOfUs(wallUs).toISOString()
  return `${iso.slice(0, 10).replaceAll('-', '')} ${iso.slice(11, 19)} UTC`
}

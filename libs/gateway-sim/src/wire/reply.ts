import type { Field } from './frame.ts'
import { REPLY } from './message-id.ts'

/** Request id of messages that belong to no request. */
export const NO_REQUEST = -1

const FARMS: readonly (readonly [code: number, text: string])[] = [
  [2104, 'Market data farm connection is OK:usfuture'],
  [2104, 'Market data farm connection is OK:cashfarm'],
  [2104, 'Market data farm connection is OK:usfarm'],
  [2106, 'HMDS data farm connection is OK:ushmds'],
  [2158, 'Sec-def data farm connection is OK:secdefnj'],
]

/** Error or notice, in the layout of 166..193: the last field is the advanced order reject, always empty here. */
export function errorReply(requestId: number, code: number, text: string): Field[] {
  return [REPLY.error, 2, requestId, code, escapeNonAscii(text), '']
}

export function managedAccountsReply(accounts: readonly string[]): Field[] {
  return [REPLY.managedAccounts, 1, accounts.join(',')]
}

export function nextValidIdReply(orderId: number): Field[] {
  return [REPLY.nextValidId, 1, orderId]
}

export function currentTimeReply(unixSeconds: number): Field[] {
  return [REPLY.currentTime, 1, unixSeconds]
}

/** What a gateway says after START_API, in its order. */
export function welcome(accounts: readonly string[], orderId: number): Field[][] {
  return [managedAccountsReply(accounts), nextValidIdReply(orderId), ...FARMS.map(([code, text]) => errorReply(NO_REQUEST, code, text))]
}

/** Since server version 153 error texts and long names are ASCII: the rest is written as \uXXXX. */
export function escapeNonAscii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

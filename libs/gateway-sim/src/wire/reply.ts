import type { Field } from './frame.ts'
import { REPLY } from './message-id.ts'

/** Request id of messages that belong to no request. */
export const NO_REQUEST = -1

/** Those that a gateway names to every client. */
const FARMS: readonly (readonly [kind: string, name: string, wellCode: number, brokenCode: number])[] = [
  ['Market', 'usfuture', 2104, 2103],
  ['Market', 'cashfarm', 2104, 2103],
  ['Market', 'usfarm', 2104, 2103],
  ['HMDS', 'ushmds', 2106, 2105],
  ['Sec-def', 'secdefnj', 2158, 2157],
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

/** What a gateway says after START_API, in its order. @param broken names of the farms that are not well just now */
export function welcome(accounts: readonly string[], orderId: number, broken: ReadonlySet<string>): Field[][] {
  const farms = FARMS.map(([kind, name, wellCode, brokenCode]) => {
    const [code, word] = broken.has(name) ? [brokenCode, 'broken'] : [wellCode, 'OK']
    return errorReply(NO_REQUEST, code, `${kind} data farm connection is ${word}:${name}`)
  })
  const named = FARMS.map(([, name]) => name)
  const others = [...broken].filter((name) => !named.includes(name))
  return [managedAccountsReply(accounts), nextValidIdReply(orderId), ...farms, ...others.map(brokenFarm)]
}

function brokenFarm(name: string): Field[] {
  return errorReply(NO_REQUEST, 2103, `Market data farm connection is broken:${name}`)
}

/** Since server version 153 error texts and long names are ASCII: the rest is written as \uXXXX. */
export function escapeNonAscii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

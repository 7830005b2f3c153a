/**
 * Every state of the connection to the gateway.
 * - `idle`: nothing is open; the next attempt has its time
 * - `connecting`: an attempt is under way, its socket is not open yet
 * - `handshaking`: the socket is open, the gateway does not take requests yet
 * - `handshaking_cut`: the same, and the gateway said that it is cut off from IB
 * - `ready`: requests are taken and IB is behind the gateway; the only state without a gap
 * - `degraded`: the gateway takes requests but is cut off from IB (1100, 2110)
 * - `mute`: the gateway was ready and does not answer any more; its socket is open
 * - `competing`: another session of the same login has the market data
 * - `closing`: given up by us; its end is yet to come
 * - `waiting`: the gateway has our client id in use (326); the next attempt has its time
 * - `restarting`: gone within the window of the daily restart; the next attempt has its time
 * - `stopped`: asked to stop; the end
 */
export const CONNECTION_STATES = [
  'idle',
  'connecting',
  'handshaking',
  'handshaking_cut',
  'ready',
  'degraded',
  'mute',
  'competing',
  'closing',
  'waiting',
  'restarting',
  'stopped',
] as const
export type ConnectionState = (typeof CONNECTION_STATES)[number]

/**
 * Everything that can happen to it.
 * - `dialDue`: the time of the next attempt has come
 * - `socketOpen`, `sessionReady`: TCP stands; nextValidId came
 * - `cutOff`: 1100 or 2110; `backKept`: 1102; `backLost`: 1101, every request is void
 * - `silent`: nothing heard within the heartbeat's deadline; `overdue`: nor after a second one, or not ready in time
 * - `heard`: a frame came
 * - `competing`: 10197 or its kin; `flowing`: a tick came
 * - `idInUse`: 326, the gateway ends the connection next
 * - `noRoom`: the gateway ended a connection that was not read, because what came could not be kept; `stale`: its streams are silent while their markets are open
 * - `ended`, `endedInWindow`: the socket is gone; the second where the daily restart is due
 * - `stop`: the service is to stop
 */
export const CONNECTION_EVENTS = [
  'dialDue',
  'socketOpen',
  'sessionReady',
  'cutOff',
  'backKept',
  'backLost',
  'silent',
  'overdue',
  'heard',
  'competing',
  'flowing',
  'idInUse',
  'noRoom',
  'stale',
  'ended',
  'endedInWindow',
  'stop',
] as const
export type ConnectionEvent = (typeof CONNECTION_EVENTS)[number]

/** Cannot happen: whoever raises it here is wrong. */
export const bug = Symbol('bug')
/** Can happen and changes nothing. */
export const skip = Symbol('skip')

type Row = Readonly<Record<ConnectionEvent, ConnectionState | typeof bug | typeof skip>>

/** Without a session nothing of one can happen. */
const NO_SESSION = ofAll(bug)

/** How any session ends. */
const ENDS = { ended: 'idle', endedInWindow: 'restarting', stop: 'stopped' } as const

/** The whole behaviour of the connection: the next state for each state and event. docs/architecture/gateway-connection.md shows it. */
export const TRANSITIONS: Readonly<Record<ConnectionState, Row>> = {
  idle: { ...NO_SESSION, dialDue: 'connecting', stop: 'stopped' },
  waiting: { ...NO_SESSION, dialDue: 'connecting', stop: 'stopped' },
  restarting: { ...NO_SESSION, dialDue: 'connecting', stop: 'stopped' },
  connecting: {
    ...ENDS,
    dialDue: bug,
    socketOpen: 'handshaking',
    sessionReady: bug,
    cutOff: bug,
    backKept: bug,
    backLost: bug,
    silent: skip,
    overdue: 'closing',
    heard: skip,
    competing: bug,
    flowing: bug,
    idInUse: bug,
    noRoom: bug,
    stale: bug,
  },
  handshaking: {
    ...ENDS,
    dialDue: bug,
    socketOpen: bug,
    sessionReady: 'ready',
    cutOff: 'handshaking_cut',
    backKept: skip,
    backLost: skip, // nothing was asked for yet
    silent: skip, // the deadline of the handshake is the shorter one
    overdue: 'closing',
    heard: skip,
    competing: skip,
    flowing: skip,
    idInUse: 'waiting',
    noRoom: 'closing',
    stale: skip,
  },
  handshaking_cut: {
    ...ENDS,
    dialDue: bug,
    socketOpen: bug,
    sessionReady: 'degraded',
    cutOff: skip,
    backKept: 'handshaking',
    backLost: 'handshaking',
    silent: skip,
    overdue: 'closing',
    heard: skip,
    competing: skip,
    flowing: skip,
    idInUse: 'waiting',
    noRoom: 'closing',
    stale: skip,
  },
  ready: {
    ...ENDS,
    dialDue: bug,
    socketOpen: bug,
    sessionReady: skip, // a second nextValidId answers reqIds
    cutOff: 'degraded',
    backKept: skip,
    backLost: 'closing', // every request is void: a new connection asks for all of them again
    silent: 'mute',
    overdue: skip,
    heard: skip,
    competing: 'competing',
    flowing: skip,
    idInUse: 'waiting',
    noRoom: 'closing',
    stale: 'closing',
  },
  degraded: {
    ...ENDS,
    dialDue: bug,
    socketOpen: bug,
    sessionReady: skip,
    cutOff: skip, // IB repeats it many times
    backKept: 'ready',
    backLost: 'closing',
    silent: skip,
    overdue: 'closing',
    heard: skip,
    competing: skip,
    flowing: skip, // left over in the gateway; only IB's word ends this
    idInUse: 'waiting',
    noRoom: 'closing',
    stale: 'closing',
  },
  mute: {
    ...ENDS,
    dialDue: bug,
    socketOpen: bug,
    sessionReady: skip,
    cutOff: 'degraded',
    backKept: 'ready',
    backLost: 'closing',
    silent: skip,
    overdue: 'closing',
    heard: 'ready',
    competing: 'competing',
    flowing: 'ready',
    idInUse: 'waiting',
    noRoom: 'closing',
    stale: 'closing',
  },
  competing: {
    ...ENDS,
    dialDue: bug,
    socketOpen: bug,
    sessionReady: skip,
    cutOff: 'degraded',
    backKept: skip,
    backLost: 'closing',
    silent: skip,
    overdue: 'closing',
    heard: skip,
    competing: skip, // once for each request
    flowing: 'ready',
    idInUse: 'waiting',
    noRoom: 'closing',
    stale: 'closing',
  },
  closing: {
    ...ENDS,
    dialDue: bug,
    socketOpen: skip,
    sessionReady: skip,
    cutOff: skip,
    backKept: skip,
    backLost: skip,
    silent: skip,
    overdue: skip,
    heard: skip,
    competing: skip,
    flowing: skip,
    idInUse: skip,
    noRoom: skip,
    stale: skip,
  },
  stopped: ofAll(skip),
}

function ofAll<Outcome extends typeof bug | typeof skip>(outcome: Outcome): Record<ConnectionEvent, Outcome> {
  return Object.fromEntries(CONNECTION_EVENTS.map((event) => [event, outcome])) as Record<ConnectionEvent, Outcome>
}

/** States in which nothing may be missing. */
export const isWhole = (state: ConnectionState): boolean => state === 'ready'

/** States of an attempt that may still succeed. */
export const isOnTheWay = (state: ConnectionState): boolean =>
  state === 'connecting' || state === 'handshaking' || state === 'handshaking_cut'

/** States in which a session is open and takes requests. */
export const takesRequests = (state: ConnectionState): boolean =>
  state === 'ready' || state === 'degraded' || state === 'mute' || state === 'competing'

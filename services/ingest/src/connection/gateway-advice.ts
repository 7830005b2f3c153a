import type { ConnectionState } from './transitions.ts'

/** The library's, when no socket could be opened. */
const NOT_REACHED = 502
const ID_IN_USE = 326

/**
 * What a person can do about an attempt that failed; undefined where it is the gateway's own business (a session that stood and ended).
 * @param state the one in which the attempt was
 */
export function adviceFor(state: ConnectionState, code: number | undefined, address: { host: string; port: number }): string | undefined {
  const at = `${address.host}:${address.port}`
  if (code === ID_IN_USE) return 'another program uses this client id: end it, or set IB_CLIENT_ID to one that is free'
  if (state === 'connecting' && code === NOT_REACHED)
    return `nothing takes connections at ${at}: start IB Gateway or TWS and log in, switch its API on (Configure, Settings, API: Enable ActiveX and Socket Clients), and check IB_HOST and IB_PORTS`
  if (state === 'connecting' || state === 'handshaking' || state === 'handshaking_cut')
    return `${at} takes connections but does not serve this one: look for a dialog that waits there, allow this computer (Configure, Settings, API: Trusted IPs, or untick Allow connections from localhost only), and check that it is a gateway`
  return undefined
}

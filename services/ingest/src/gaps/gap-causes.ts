import type { GapCause } from '@ib-stream/model'
import type { ConnectionEvent } from '../connection/transitions.ts'

/** Why certainty ended, by what ended it. */
export const CAUSES: Record<ConnectionEvent, GapCause> = {
  dialDue: 'disconnected',
  socketOpen: 'disconnected',
  sessionReady: 'connectivity_lost', // ready, and cut off from IB
  heard: 'disconnected',
  flowing: 'disconnected',
  backKept: 'disconnected',
  ended: 'disconnected',
  endedInWindow: 'daily_restart',
  cutOff: 'connectivity_lost',
  backLost: 'data_lost',
  silent: 'gateway_mute',
  overdue: 'gateway_mute',
  competing: 'competing_session',
  idInUse: 'client_id_in_use',
  noRoom: 'spool_full',
  stale: 'stale',
  stop: 'ingest_down',
}

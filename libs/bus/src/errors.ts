import { IbsError } from '@ib-stream/model'

export const BUS_ERROR_CODES = [
  'IBS_BUS_SERVER_TOO_OLD', // the NATS server is older than 2.10 and would silently ignore what the log needs
  'IBS_BUS_STREAM_DIFFERS', // a stream has another configuration than the one asked for
  'IBS_BUS_FOREIGN_LOG', // the log belongs to another spool, or holds another source (simulator, gateway)
  'IBS_BUS_SPOOL_LOCKED', // another ingest works on this spool
  'IBS_BUS_SPOOL_FULL', // the spool holds as much as it may; nothing is lost, ingest stops reading the gateway
  'IBS_BUS_SPOOL_DAMAGED', // a record inside the spool does not match its checksum
  'IBS_BUS_NUMBER_TAKEN', // the log gave a message another sequence than its number in the spool
  'IBS_BUS_LOG_BUSY', // the log is not trimmed while it does not confirm what is on its way
  'IBS_BUS_NO_ANSWER', // NATS did not answer in time
  'IBS_BUS_NO_OWNER', // nobody owns the partition that was to be worked on
  'IBS_BUS_OWNER_REFUSED', // the owner of a partition could not do what it was asked; its own words follow
  'IBS_BUS_REQUEST_INVALID', // a request to an owner, or to ingest, that is none
  'IBS_BUS_NO_CREDENTIALS', // NATS_CREDENTIALS names a folder without a key for this service
  'IBS_BUS_CREDENTIALS_INVALID', // a key file holds no seed
  'IBS_BUS_NOT_AUTHORIZED', // the server does not know the key, or takes none without one
  'IBS_BUS_CLOSED', // used after close
] as const
export type BusErrorCode = (typeof BUS_ERROR_CODES)[number]

export class BusError extends IbsError<BusErrorCode> {}

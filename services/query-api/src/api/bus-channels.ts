import { BACKFILL, CONTRACT_LOOKUP, CONTRACT_RESOLVE } from '@ib-stream/bus'
import { TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'
import { contractAnswerSchema, contractQuerySchema } from '../contracts/contract-schema.ts'
import { TICK } from '../stream/events.ts'
import { RECORDER_EVENTS } from '../stream/recorder-events.ts'
import { backfillReplySchema, backfillRequestSchema, leaseAnswerSchema, leaseRequestSchema, OPS_EVENTS } from './bus-messages.ts'
import type { Channel } from './channels.ts'

const STREAM = { cid: 'IB contract id', tick_type: TICK_TYPES.join(', ') }

/** Subjects of the bus that others may listen to, or ask on. */
export const BUS_CHANNELS: readonly Channel[] = [
  {
    id: 'ticks',
    address: 'ticks.{cid}.{tick_type}',
    server: 'bus',
    doc: 'Every tick. A message is one line of JSON or more, each ended by a newline. With the header Ibs-Batch: k/n it is one of n that belong together: hold them until k is n, or until another message comes, and merge the lines by st. Plain subscribers may hear a message again: drop what is not above the last st of its subject.',
    parameters: STREAM,
    sends: { tick: { doc: 'One tick a line.', payload: TICK, contentType: 'application/x-ndjson' } },
  },
  {
    id: 'recorderEvents',
    address: 'ib.events.{kind}',
    server: 'bus',
    doc: 'What happened to the recording, in its place between the ticks of the log.',
    parameters: { kind: Object.keys(RECORDER_EVENTS).join(', ') },
    sends: RECORDER_EVENTS,
  },
  {
    id: 'contractLookup',
    address: CONTRACT_LOOKUP,
    server: 'bus',
    doc: 'Asks ingest, which asks IB, for every contract that fits a description.',
    takes: { contractQuery: { doc: 'Everything that is given must fit; an id or a symbol at least.', payload: contractQuerySchema } },
    sends: { contractAnswer: { doc: 'The contracts, or why there are none.', payload: contractAnswerSchema } },
  },
  {
    id: 'contractName',
    address: CONTRACT_RESOLVE,
    server: 'bus',
    doc: 'Asks which one contract a name means now: AAPL, MNQ.front, FUT MNQ CME 202612.',
    takes: { contractName: { doc: 'The name as plain text.', payload: z.string(), contentType: 'text/plain' } },
    sends: { contractAnswer: { doc: 'That contract, first; around a roll the other one follows.', payload: contractAnswerSchema } },
  },
  {
    id: 'lease',
    address: 'ib.subscribe.{cid}.{tick_type}',
    server: 'bus',
    doc: 'Asks ingest to record a stream for 30 s; renew it every ten.',
    parameters: STREAM,
    takes: { leaseRequest: { doc: 'May be empty.', payload: leaseRequestSchema } },
    sends: { leaseAnswer: { doc: 'What IB says of it.', payload: leaseAnswerSchema } },
  },
  {
    id: 'backfill',
    address: BACKFILL,
    server: 'bus',
    doc: 'Asks ingest to fill a range from the historical ticks of IB.',
    takes: { backfillRequest: { doc: 'The range, end excluded.', payload: backfillRequestSchema } },
    sends: { backfillReply: { doc: 'After each page and every five seconds; the last has the state end.', payload: backfillReplySchema } },
  },
  {
    id: 'ops',
    address: 'ib.ops.{kind}',
    server: 'bus',
    doc: 'What services have to say of their work; kept in the stream EVENTS. With keys, the command line may listen.',
    parameters: { kind: Object.keys(OPS_EVENTS).join(', ') },
    sends: OPS_EVENTS,
  },
]

import type { ContractAnswer, ContractQuery, LeaseAnswer, LeaseRequest, TickType } from '@ib-stream/model'
import { askIngest } from './ask-ingest.ts'
import type { Bus } from './connection.ts'
import { BusError } from './errors.ts'

/** What ingest answers over the bus. */
export const CONTRACT_LOOKUP = 'ib.contracts.lookup'
export const CONTRACT_RESOLVE = 'ib.contracts.resolve'
/** JSON {@link BackfillRequest} in, {@link BackfillReply} after reply out. */
export const BACKFILL = 'ib.backfill'
export const LEASE_SUBJECTS = 'ib.subscribe.*.*'
export const leaseSubject = (cid: number, tt: TickType): string => `ib.subscribe.${cid}.${tt}`

/** Ingest asks IB with a deadline of 15 s. */
const LOOKUP_WITHIN_MS = 20_000
/** It waits a few seconds for what IB says of a request. */
const LEASE_WITHIN_MS = 10_000

/** Everything that IB knows under a description. Never throws: what went wrong is in the answer. */
export const lookUpContracts = (bus: Bus, query: ContractQuery): Promise<ContractAnswer> =>
  ask(bus, CONTRACT_LOOKUP, JSON.stringify(query), LOOKUP_WITHIN_MS)

/**
 * The one contract that a name means now (`AAPL`, `MNQ.front`, `FUT MNQ CME 202612`, `265598`), first in the answer; around its roll the next front follows. Never throws.
 */
export const resolveContract = (bus: Bus, name: string): Promise<ContractAnswer> => ask(bus, CONTRACT_RESOLVE, name, LOOKUP_WITHIN_MS)

/** Asks once for a stream, or renews or ends a lease of it. {@link keepLease} does it for as long as it is wanted. Never throws. */
export const askForStream = (bus: Bus, { cid, tt }: { cid: number; tt: TickType }, request: LeaseRequest = {}): Promise<LeaseAnswer> =>
  ask(bus, leaseSubject(cid, tt), JSON.stringify(request), LEASE_WITHIN_MS)

async function ask<Answer>(bus: Bus, subject: string, body: string, withinMs: number): Promise<Answer | Refused> {
  try {
    return await askIngest<Answer>(bus, subject, body, withinMs)
  } catch (error) {
    if (!(error instanceof BusError)) throw error
    return { ok: false, code: error.code, message: error.words }
  }
}

interface Refused {
  ok: false
  code: string
  message: string
}

import { TICK_TYPES, type TickType } from '@ib-stream/model'
import { listOf, wholeNumber } from './parameter.ts'

const MOST_CID = 2 ** 31 - 1

export const CID = wholeNumber(1, MOST_CID, { allowed: `IB contract id, a whole number from 1 to ${MOST_CID}`, doc: 'IB contract id.' })

export const DEFAULT_TICK_TYPES: readonly TickType[] = ['bid_ask']

export const TICK_TYPE_LIST = listOf(TICK_TYPES, {
  what: 'tick type',
  doc: 'Tick types, separated by commas; one named twice counts once.',
  default: DEFAULT_TICK_TYPES.join(','),
})

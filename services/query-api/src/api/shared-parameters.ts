import { TICK_TYPES, type TickType } from '@ib-stream/model'
import { listOf } from './parameter.ts'

export const DEFAULT_TICK_TYPES: readonly TickType[] = ['bid_ask']

export const TICK_TYPE_LIST = listOf(TICK_TYPES, {
  what: 'tick type',
  doc: 'Tick types, separated by commas; one named twice counts once.',
  default: DEFAULT_TICK_TYPES.join(','),
})

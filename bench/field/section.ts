// One day of the field, as a child of bench/field.ts: `node section.ts DAY FILE QUOTES ROUNDS STORES`; the figures go to the parent.
import { modelTicks, realDay } from '../storage/days.ts'
import { withLimits } from './limits.ts'
import { measure } from './measure.ts'
import type { StoreName } from './stores.ts'

/** Three of four ticks of the model day are quotes. */
const TICKS_A_QUOTE = 4 / 3
/** A million quotes in eight hours. */
const WHOLE = 1_000_000
const MOST_GAP_US = 40_000

const [day = '', file = '', quotes = '', rounds = '', stores = ''] = process.argv.slice(2)
const count = Math.round(Number(quotes) * TICKS_A_QUOTE)
const real = day === 'real' ? await realDay(file) : []
const ticks = () => (day === 'real' ? real : modelTicks(count, { mostGapUs: Math.round((MOST_GAP_US * WHOLE) / Number(quotes)) }))
const cells = await measure({ day, ticks, stores: stores.split(',') as StoreName[], rounds: Number(rounds) })
process.send?.(day === 'model' && Number(quotes) >= WHOLE ? withLimits(cells) : cells)
process.disconnect?.()

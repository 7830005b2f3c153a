import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ROOT } from './program.ts'

/** One real trading day, where it lies beside the checkout; else the simulator's market model makes the ticks. */
export const REAL_DAY = process.env.IB_STREAM_REAL_DAY ?? resolve(ROOT, '../shared/data/ibm-20131007.jsonl.gz')

export const hasRealDay = existsSync(REAL_DAY)

export interface TapeSource {
  tracked: string
  /** Flags of the simulator. */
  simulator: string[]
  /** The tape has an end. */
  replay: boolean
  cids: number[]
  tts: string[]
}

const DAY_SECONDS = 16 * 3_600

/** What to record and how to make the simulator send it. `secondsOfPlay`: how long the tape should last; 0 is as fast as it goes. */
export function tapeSource(secondsOfPlay: number): TapeSource {
  if (!hasRealDay) {
    const tracked = '711280073:MNQ:bid_ask;last:24,265598:AAPL:bid_ask;last:24'
    const simulator = ['--rate', secondsOfPlay > 0 ? '20' : '100', '--start-after', '4']
    return { tracked, simulator, replay: false, cids: [711280073, 265598], tts: ['bid_ask', 'last'] }
  }
  const speed = secondsOfPlay > 0 ? String(Math.ceil(DAY_SECONDS / secondsOfPlay)) : 'max'
  const simulator = ['--replay', REAL_DAY, '--speed', speed, '--start-after', '2']
  return { tracked: '8314:IBM:bid_ask;all_last:24', simulator, replay: true, cids: [8314], tts: ['bid_ask', 'all_last'] }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { partitionOf, US_PER_HOUR } from '@ib-stream/model'
import { readPosition } from '../../src/segment/read-position.ts'
import { ask, type Counts, noCounts } from './ask.ts'
import { Model } from './judge.ts'
import { CIDS, START_US } from './log.ts'

export interface BesideReport extends Counts {
  seconds: number
  /** What the writers did. */
  removedFiles: number
  owners: number
  writtenTicks: number
}

const READERS = 3
/** How much longer at most, on a machine that is so slow that no day went meanwhile. */
const MORE_SECONDS = 45

/**
 * Writers of both backends in a process of their own, with late ticks, changes of owner and retention, and some readers beside them that ask without rest: each answer
 * has to be the model's at the position that it names.
 * @throws Error of the first answer that is wrong
 */
export async function readBesideWriters(dataDir: string, seconds: number): Promise<BesideReport> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer-child.ts'), dataDir], { stdio: ['pipe', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (text) => {
    said += String(text)
  })
  const ended = once(child, 'close')
  const counts = noCounts()
  const untilMs = performance.now() + seconds * 1_000
  const isOver = () => performance.now() > untilMs + (counts.removedHours > 0 ? 0 : MORE_SECONDS * 1_000)
  const model = new Model()
  const read = async () => {
    while (!isOver() && child.exitCode === null) {
      const position = await readPosition(dataDir, 'json', partitionOf(CIDS[0]))
      await ask(dataDir, model, (position?.newestStUs || START_US) + US_PER_HOUR, counts)
    }
  }
  try {
    await Promise.all(Array.from({ length: READERS }, read))
  } finally {
    child.stdin.end()
    await ended
  }
  if (child.exitCode !== 0) throw new Error(`the writers ended with ${child.exitCode}`)
  const { removedFiles, owners, ticks } = JSON.parse(said) as { removedFiles: number; owners: number; ticks: number }
  return { ...counts, seconds, removedFiles, owners, writtenTicks: ticks }
}

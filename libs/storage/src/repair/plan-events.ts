import type { DamageKind } from '../verify/check-file.ts'
import { allBytes, tallyOf } from './content.ts'
import type { FilePlan, PlanGround } from './plan-file.ts'

/** Recorder events are in one backend only: a lost entry is made anew, and all else wants a copy. They come some a minute, so a day of them may be in memory. */
export async function planEvents({ disk }: PlanGround, path: string, kind: DamageKind, isListed: boolean): Promise<FilePlan> {
  const chunks: Uint8Array[] = []
  for await (const chunk of allBytes(disk, path)()) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  if (isListed || (kind !== 'no_entry' && kind !== 'grown') || !isWholeLines(bytes.toString('utf8'))) {
    return { did: 'left', detail: 'no other backend has events: restore it from a copy; stream EVENTS of the log has them too' }
  }
  const tally = await tallyOf(
    async function* () {
      yield bytes
    },
    path,
    { firstSeq: 0, lastSeq: 0 },
  )
  const detail = `all its ${tally.count} events can be read; nothing says that they are as they were`
  return { did: 'entered', detail, entry: { path, ...tally } }
}

function isWholeLines(text: string): boolean {
  if (!text.endsWith('\n')) return false
  return text.slice(0, -1).split('\n').every(isJson)
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false // whatever is wrong with it, it is no event
  }
}

import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf } from '@ib-stream/model'
import { BusError } from './errors.ts'
import { syncFolder } from './spool-segment.ts'

/** The id of the spool, made once and for ever; `source` is written with it, and a spool of the other source is refused. */
export async function readIdentity(folder: string, source: string): Promise<string> {
  const path = join(folder, 'spool.json')
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error // a new id in place of one that cannot be read now would lock this spool out of its log
  })
  if (text === undefined) {
    const identity = { id: randomUUID(), source }
    await writeFile(`${path}.tmp`, JSON.stringify(identity), { flush: true })
    await rename(`${path}.tmp`, path)
    await syncFolder(folder)
    await syncFolder(dirname(folder))
    return identity.id
  }
  const identity = parseIdentity(path, text)
  if (identity.source === source) return identity.id
  throw new BusError(
    'IBS_BUS_FOREIGN_LOG',
    `${folder} holds ticks of the ${identity.source}, this ingest hears the ${source}; give it another DATA_DIR`,
    { folder, source },
  )
}

function parseIdentity(path: string, text: string): { id: string; source: string } {
  try {
    const { id, source } = JSON.parse(text) as Record<string, unknown>
    if (typeof id === 'string' && typeof source === 'string') return { id, source }
  } catch {
    // said below: there is no other way to read it
  }
  throw new BusError('IBS_BUS_SPOOL_DAMAGED', `${path} is no {"id","source"}; put it back: the log's metadata names both`, { path })
}

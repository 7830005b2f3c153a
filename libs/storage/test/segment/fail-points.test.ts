import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { WRITER_FAIL_POINTS, type WriterFailPoint } from '../../src/segment/fail-points.ts'
import { openPartitionStore, type PartitionStore } from '../../src/segment/partition-store.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { filesAt, messageAt } from './numbered-log.ts'

const LAST = 60
/** Which time of a step is taken: not the first, which is the one that lists a new file. Steps of a recovery come once. */
const TIMES: Partial<Record<WriterFailPoint, number>> = {
  append: 6,
  'fdatasync the data': 3,
  'fsync the data folders': 4,
  'write the visible checkpoint': 5,
  'rename it to visible': 5,
  'write the durable checkpoint': 3,
  'fsync it': 3,
  'rename it to durable': 3,
  'fsync folder state': 3,
}

/** Runs a writer until its fail-point; gives the last sequence that it said was committed, and the signal that ended it. */
async function writeUntil(dataDir: string, setting: string): Promise<{ committed: number; signal: unknown }> {
  const child = spawn(process.execPath, [resolve(__dirname, 'crash-child.ts'), dataDir, String(LAST)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, IB_STREAM_FAIL_POINT: setting },
  })
  let said = ''
  child.stdout.on('data', (text) => {
    said += String(text)
  })
  const [, signal] = await once(child, 'close')
  return { committed: Number([...said.matchAll(/committed (\d+)/g)].at(-1)?.[1] ?? 0), signal }
}

async function expectFiles(dataDir: string, { seq }: PartitionStore): Promise<void> {
  for (const [path, text] of filesAt(seq)) expect([path, await readFile(join(dataDir, path), 'utf8')]).toEqual([path, text])
}

async function writeRest(store: PartitionStore): Promise<void> {
  while (store.seq < LAST) {
    const { seq, newestStUs, parts } = messageAt(store.seq + 1)
    for (const { path, bytes } of parts) store.append(path, bytes)
    store.advance(seq, newestStUs)
  }
  await store.commitDurable()
}

/** `unlink` is a step of retention, see retention/kill.test.ts. */
describe('a writer killed at a step of the model', () => {
  it.each(WRITER_FAIL_POINTS.filter((label) => label !== 'unlink'))(
    'before "%s": nothing committed is gone, nothing is there twice, and the next goes on',
    async (label) => {
      await using at = await temporaryDataDir()
      const options = { dataDir: at.dataDir, backend: 'json', partition: 9, source: { spoolId: 'spool', source: 'simulator' } } as const
      // The steps of a recovery need a dead owner's bytes that no checkpoint names yet.
      if (!(label in TIMES)) await writeUntil(at.dataDir, 'kill 6 append')
      const { committed, signal } = await writeUntil(at.dataDir, `kill ${TIMES[label] ?? 1} ${label}`)
      expect(signal).toBe('SIGKILL')
      const store = await openPartitionStore(options)
      if (!store) throw new Error('the lock of a dead process is held')
      await using _ = store
      expect(store.seq).toBeGreaterThanOrEqual(committed)
      await expectFiles(at.dataDir, store)
      await writeRest(store)
      await expectFiles(at.dataDir, store)
    },
  )
})

import { mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hourOf, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { eventsPath, segmentPath } from '../../src/layout/segment-path.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/segment/checkpoint.ts'
import { type Disk, nodeDisk } from '../../src/segment/disk.ts'
import { openPartitionStore, openPartitionStoreOn, type PartitionStore } from '../../src/segment/partition-store.ts'
import { readDurablePosition, readPosition } from '../../src/segment/read-position.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { type DiskCall, gatedDisk, systemError } from './failing-disk.ts'

const PARTITION = 9
const HOUR_US = hourOf(1753884000_000000)
const fileOf = (hourUs = HOUR_US) => segmentPath({ backend: 'json', cid: 8314, tt: 'last', hourUs })
const FILE = fileOf()
const source = { spoolId: 'spool-1', source: 'simulator' as const }
const VISIBLE = '.state/json/checkpoints/09.visible.json'
const DURABLE = '.state/json/checkpoints/09.durable.json'

async function open(dataDir: string, other: { spoolId?: string; source?: 'gateway' } = {}): Promise<PartitionStore> {
  const store = await openPartitionStore({ dataDir, backend: 'json', partition: PARTITION, source: { ...source, ...other } })
  if (store === undefined) throw new Error('the partition is locked')
  return store
}

/** A store on a disk that a test can make fail; without a lock of its own. */
function openOn(dataDir: string, wrap: (disk: Disk) => Disk = (disk) => disk): Promise<PartitionStore> {
  const lock = { check: async () => undefined, release: async () => undefined }
  return openPartitionStoreOn({ disk: wrap(nodeDisk(dataDir)), lock, bootId: 'boot', backend: 'json', partition: PARTITION, source })
}

function take(store: PartitionStore, seq: number, text = `line ${seq}\n`, about: { path?: string; stUs?: number } = {}): void {
  store.append(about.path ?? FILE, Buffer.from(text))
  store.advance(seq, about.stUs ?? HOUR_US + seq)
}

const textOf = (dataDir: string, path = FILE): Promise<string> => readFile(join(dataDir, path), 'utf8')

async function checkpointOf(dataDir: string, path: string) {
  const checkpoint = decodeCheckpoint(await textOf(dataDir, path))
  if (checkpoint === undefined) throw new Error(`${path} is torn`)
  return checkpoint
}

async function put(dataDir: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(dataDir, path)), { recursive: true })
  await writeFile(join(dataDir, path), text)
}

describe('a partition store', () => {
  it('starts at 0 without a checkpoint and writes nothing until there is something', async () => {
    await using at = await temporaryDataDir()
    await using store = await open(at.dataDir)
    expect(store).toMatchObject({ seq: 0, pendingBytes: 0, state: { word: 'open', committedSeq: 0, durableSeq: 0, listedFiles: 0 } })
    await store.commitVisible()
    await store.commitDurable()
    expect(await readPosition(at.dataDir, 'json', PARTITION)).toBeUndefined()
  })

  it('goes on where it stopped, in a new process that finds the same files', async () => {
    await using at = await temporaryDataDir()
    const first = await open(at.dataDir)
    take(first, 5)
    expect(first).toMatchObject({ seq: 5, pendingBytes: 7, newestStUs: HOUR_US + 5 })
    await first.commitVisible()
    expect(first.state).toMatchObject({ committedSeq: 5, durableSeq: 0, listedFiles: 1 })
    await first.close()
    const second = await open(at.dataDir)
    expect(second.seq).toBe(5)
    take(second, 8)
    await second.commitDurable()
    expect(second.state).toMatchObject({ committedSeq: 8, durableSeq: 8 })
    await second.close()
    expect(await textOf(at.dataDir)).toBe('line 5\nline 8\n')
    expect(await readPosition(at.dataDir, 'json', PARTITION)).toMatchObject({ seq: 8, newestStUs: HOUR_US + 8 })
    expect(await readDurablePosition(at.dataDir, 'json', PARTITION)).toMatchObject({ seq: 8, newestStUs: HOUR_US + 8 })
  })

  it('has one owner; the next gets it when that one closes', async () => {
    await using at = await temporaryDataDir()
    const options = { dataDir: at.dataDir, backend: 'json', partition: PARTITION, source } as const
    const first = await open(at.dataDir)
    expect(await openPartitionStore(options)).toBeUndefined()
    await using other = await openPartitionStore({ ...options, partition: 10 })
    await using sister = await openPartitionStore({ ...options, backend: 'pb' })
    expect([other, sister]).not.toContain(undefined)
    await first.close()
    await first.close()
    await using second = await openPartitionStore(options)
    expect(second?.seq).toBe(0)
  })

  it('commits whole messages only, whatever is appended meanwhile', async () => {
    await using at = await temporaryDataDir()
    await using store = await open(at.dataDir)
    take(store, 1)
    store.append(FILE, Buffer.from('half of message 2, '))
    const commit = store.commitVisible()
    store.append(FILE, Buffer.from('the other half\n'))
    await commit
    expect(await textOf(at.dataDir)).toBe('line 1\n')
    expect((await checkpointOf(at.dataDir, VISIBLE)).files).toEqual({ [FILE]: 7 })
    store.advance(2, HOUR_US)
    await store.commitVisible()
    expect(await textOf(at.dataDir)).toBe('line 1\nhalf of message 2, the other half\n')
  })

  it('copies what is appended', async () => {
    await using at = await temporaryDataDir()
    await using store = await open(at.dataDir)
    const bytes = Buffer.from('once\n')
    store.append(FILE, bytes)
    bytes.fill(0)
    store.advance(1, 0)
    await store.commitVisible()
    expect(await textOf(at.dataDir)).toBe('once\n')
  })

  it('drops what is not committed when it closes, and cuts what a dead owner wrote without naming it', async () => {
    await using at = await temporaryDataDir()
    const first = await open(at.dataDir)
    take(first, 1)
    await first.commitVisible()
    take(first, 2)
    await first.close()
    await writeFile(join(at.dataDir, FILE), 'line 1\nwritten, not named\n')
    await using second = await open(at.dataDir)
    expect(second.seq).toBe(1)
    expect(await textOf(at.dataDir)).toBe('line 1\n')
  })

  it('runs a commit that was asked for before close()', async () => {
    await using at = await temporaryDataDir()
    const store = await open(at.dataDir)
    take(store, 1)
    const commit = store.commitDurable()
    await store.close()
    await commit
    expect(await readDurablePosition(at.dataDir, 'json', PARTITION)).toMatchObject({ seq: 1 })
    for (const late of [() => store.commitVisible(), async () => take(store, 2), async () => store.advance(3, 0)]) {
      expect(await outcomeOf(late())).toBe('IBS_STORAGE_CLOSED')
    }
    expect(store.state.word).toBe('closed')
  })

  it('moves the position of an idle partition on, never back', async () => {
    await using at = await temporaryDataDir()
    await using store = await open(at.dataDir)
    take(store, 3)
    store.advance(70, 0)
    store.advance(70, 0)
    await store.commitDurable()
    expect(await readPosition(at.dataDir, 'json', PARTITION)).toEqual({ seq: 70, newestStUs: HOUR_US + 3 })
    expect(() => store.advance(69, 0)).toThrow('IBS_STORAGE_SEQUENCE_BACKWARDS')
    store.append(FILE, Buffer.from('again\n'))
    expect(() => store.advance(70, 0)).toThrow('IBS_STORAGE_SEQUENCE_BACKWARDS')
  })

  it('writes both checkpoints when durable, with one number', async () => {
    await using at = await temporaryDataDir()
    await using store = await open(at.dataDir)
    take(store, 1)
    await store.commitDurable()
    const [visible, durable] = [await checkpointOf(at.dataDir, VISIBLE), await checkpointOf(at.dataDir, DURABLE)]
    expect(visible).toEqual(durable)
    expect(visible).toMatchObject({ seq: 1, partitionCount: 16, spoolId: 'spool-1', source: 'simulator', files: { [FILE]: 7 } })
    await store.commitDurable()
    await store.commitVisible()
    expect(await checkpointOf(at.dataDir, DURABLE)).toEqual(durable) // nothing new, nothing written
  })

  it('no longer lists the files of closed hours once durable, and lists one again for a late tick', async () => {
    await using at = await temporaryDataDir()
    await using store = await open(at.dataDir)
    take(store, 1)
    await store.commitDurable()
    take(store, 2, 'next\n', { path: fileOf(HOUR_US + US_PER_HOUR), stUs: HOUR_US + US_PER_HOUR + 599 * US_PER_SECOND })
    await store.commitDurable()
    expect(store.state.listedFiles).toBe(2)
    store.advance(3, HOUR_US + US_PER_HOUR + 600 * US_PER_SECOND)
    await store.commitVisible()
    expect(store.state.listedFiles).toBe(2)
    await store.commitDurable()
    expect((await checkpointOf(at.dataDir, DURABLE)).files).toEqual({ [fileOf(HOUR_US + US_PER_HOUR)]: 5 })
    take(store, 4, 'late\n')
    await store.commitVisible()
    expect((await checkpointOf(at.dataDir, DURABLE)).files).toMatchObject({ [FILE]: 7 }) // at its old length, before the first byte
    expect((await checkpointOf(at.dataDir, VISIBLE)).files).toMatchObject({ [FILE]: 12 })
    expect(await textOf(at.dataDir)).toBe('line 1\nlate\n')
    take(store, 5, 'later\n')
    await store.commitDurable()
    expect(store.state.listedFiles).toBe(2) // it is being written: backfill comes back to the same hour
    store.advance(6, 0)
    await store.commitDurable()
    expect(store.state.listedFiles).toBe(1)
  })

  it('keeps events by the day, in a partition of their own', async () => {
    await using at = await temporaryDataDir()
    await using store = await openPartitionStore({ dataDir: at.dataDir, backend: 'json', partition: 'events', source })
    store?.append(eventsPath(HOUR_US), Buffer.from('{}\n'))
    store?.advance(1, HOUR_US)
    await store?.commitVisible()
    expect(await textOf(at.dataDir, 'events/2025-07-30.jsonl')).toBe('{}\n')
    expect(() => store?.append(FILE, Buffer.from('x'))).toThrow('IBS_STORAGE_PATH_INVALID')
  })

  it.each([
    '../x',
    '/etc/passwd',
    'json/../events/2025-07-30.jsonl',
    eventsPath(HOUR_US),
    FILE.replace('8314', '265598'),
    FILE.replaceAll('json', 'pb'),
  ])('refuses %s', async (path) => {
    await using at = await temporaryDataDir()
    await using store = await open(at.dataDir)
    expect(() => store.append(path, Buffer.from('x'))).toThrow('IBS_STORAGE_PATH_INVALID')
  })
})

describe('recovery', () => {
  async function recorded(dataDir: string): Promise<void> {
    await using store = await open(dataDir)
    take(store, 1)
    await store.commitDurable()
    take(store, 2)
    await store.commitVisible()
  }

  it('ignores a visible checkpoint of another boot: its bytes may be gone', async () => {
    await using at = await temporaryDataDir()
    await recorded(at.dataDir)
    const visible = await checkpointOf(at.dataDir, VISIBLE)
    await writeFile(join(at.dataDir, VISIBLE), encodeCheckpoint({ ...visible, bootId: 'another' }))
    await using store = await open(at.dataDir)
    expect(store.seq).toBe(1)
    expect(await textOf(at.dataDir)).toBe('line 1\n')
  })

  it('takes the newer of the two of this boot', async () => {
    await using at = await temporaryDataDir()
    await recorded(at.dataDir)
    const visible = await checkpointOf(at.dataDir, VISIBLE)
    await writeFile(join(at.dataDir, DURABLE), encodeCheckpoint({ ...visible, v: visible.v + 1, seq: 7 }))
    expect(await readPosition(at.dataDir, 'json', PARTITION)).toMatchObject({ seq: 7 })
    await using store = await open(at.dataDir)
    expect(store.seq).toBe(7)
  })

  it.each(['', '{"crc32":"00000000","checkpoint":{}}\n', 'half a check'])(
    'takes a visible checkpoint of %j for a power cut, and leftover temporary files for nothing',
    async (text) => {
      await using at = await temporaryDataDir()
      await recorded(at.dataDir)
      for (const path of [VISIBLE, `${VISIBLE}.tmp`, `${DURABLE}.tmp`]) await writeFile(join(at.dataDir, path), text)
      await using store = await open(at.dataDir)
      expect(store.seq).toBe(1)
      take(store, 2)
      await store.commitDurable()
      expect(await textOf(at.dataDir)).toBe('line 1\nline 2\n')
    },
  )

  it('refuses a damaged durable checkpoint, for owners and readers', async () => {
    await using at = await temporaryDataDir()
    await recorded(at.dataDir)
    const text = await textOf(at.dataDir, DURABLE)
    await writeFile(join(at.dataDir, DURABLE), text.replace('"seq":1', '"seq":0'))
    expect(await outcomeOf(open(at.dataDir))).toBe('IBS_STORAGE_CHECKPOINT_DAMAGED')
    expect(await outcomeOf(readPosition(at.dataDir, 'json', PARTITION))).toBe('IBS_STORAGE_CHECKPOINT_DAMAGED')
  })

  it('refuses a file that is shorter than was committed, and lets the lock go', async () => {
    await using at = await temporaryDataDir()
    await recorded(at.dataDir)
    await truncate(join(at.dataDir, FILE), 13)
    expect(await outcomeOf(open(at.dataDir))).toBe('IBS_STORAGE_CHECKPOINT_AHEAD')
    await rm(join(at.dataDir, FILE))
    expect(await outcomeOf(open(at.dataDir))).toBe('IBS_STORAGE_CHECKPOINT_AHEAD')
    await put(at.dataDir, FILE, 'line 1\nline 2\n')
    await using store = await open(at.dataDir)
    expect(store.seq).toBe(2)
  })

  it('refuses files of another recording and of another number of partitions', async () => {
    await using at = await temporaryDataDir()
    await recorded(at.dataDir)
    expect(await outcomeOf(open(at.dataDir, { spoolId: 'spool-2' }))).toBe('IBS_STORAGE_SOURCE_MIXED')
    expect(await outcomeOf(open(at.dataDir, { source: 'gateway' }))).toBe('IBS_STORAGE_SOURCE_MIXED')
    const visible = await checkpointOf(at.dataDir, VISIBLE)
    await writeFile(join(at.dataDir, VISIBLE), encodeCheckpoint({ ...visible, partitionCount: 8 }))
    expect(await outcomeOf(open(at.dataDir))).toBe('IBS_STORAGE_PARTITION_COUNT')
  })
})

describe('what goes wrong in a commit', () => {
  /** Lets everything pass until `broken` names what fails. */
  function fragile() {
    const state: { broken: readonly DiskCall[]; code: string } = { broken: [], code: 'ENOSPC' }
    const wrap = (disk: Disk) =>
      gatedDisk(disk, (call) => {
        if (state.broken.includes(call)) throw systemError(state.code)
      })
    return { state, wrap }
  }

  it.each([['write'], ['writeText'], ['rename'], ['makeFolder']] as const)(
    'keeps all pending when %s fails, and writes the same bytes later',
    async (call) => {
      await using at = await temporaryDataDir()
      const { state, wrap } = fragile()
      const store = await openOn(at.dataDir, wrap)
      take(store, 1)
      await store.commitVisible()
      state.broken = [call]
      take(store, 2)
      take(store, 3, 'other\n', { path: fileOf(HOUR_US + US_PER_HOUR) })
      expect(await outcomeOf(store.commitVisible())).toBe('IBS_STORAGE_WRITE_FAILED')
      expect(await outcomeOf(store.commitDurable())).toBe('IBS_STORAGE_WRITE_FAILED')
      expect(store).toMatchObject({ seq: 3, pendingBytes: 13, state: { word: 'open', committedSeq: 1 } })
      expect(await textOf(at.dataDir)).toBe('line 1\n')
      state.broken = []
      take(store, 4)
      await store.commitVisible()
      expect(await textOf(at.dataDir)).toBe('line 1\nline 2\nline 4\n')
      expect(await textOf(at.dataDir, fileOf(HOUR_US + US_PER_HOUR))).toBe('other\n')
    },
  )

  it('cuts before it writes when even cutting back had failed', async () => {
    await using at = await temporaryDataDir()
    const { state, wrap } = fragile()
    const store = await openOn(at.dataDir, wrap)
    take(store, 1)
    await store.commitVisible()
    state.broken = ['writeText', 'truncate']
    take(store, 2, 'a long line that was never named\n')
    expect(await outcomeOf(store.commitVisible())).toBe('IBS_STORAGE_WRITE_FAILED')
    expect(await textOf(at.dataDir)).toBe('line 1\na long line that was never named\n')
    state.broken = []
    await store.commitDurable()
    expect(await textOf(at.dataDir)).toBe('line 1\na long line that was never named\n')
    expect((await checkpointOf(at.dataDir, DURABLE)).files).toEqual({ [FILE]: 40 })
  })

  it('is over after a failed sync, and who opens next starts at the durable checkpoint', async () => {
    await using at = await temporaryDataDir()
    const { state, wrap } = fragile()
    const store = await openOn(at.dataDir, wrap)
    take(store, 1)
    await store.commitDurable()
    take(store, 2)
    await store.commitVisible()
    Object.assign(state, { broken: ['syncFile'], code: 'EIO' })
    expect(await outcomeOf(store.commitDurable())).toBe('IBS_STORAGE_SYNC_FAILED')
    state.broken = []
    expect(await outcomeOf(store.commitDurable())).toBe('IBS_STORAGE_SYNC_FAILED')
    expect(store.state.word).toBe('failed')
    expect((await openOn(at.dataDir)).seq).toBe(1)
  })

  it('is over when the lock file is replaced or removed', async () => {
    await using at = await temporaryDataDir()
    const lockFile = join(at.dataDir, '.state/json/locks/09.lock')
    for (const spoil of [() => rm(lockFile), () => rename(lockFile, `${lockFile}.old`).then(() => writeFile(lockFile, ''))]) {
      await using store = await open(at.dataDir)
      take(store, store.seq + 1)
      await spoil()
      expect(await outcomeOf(store.commitVisible())).toBe('IBS_STORAGE_LOCK_REPLACED')
      expect(await outcomeOf(store.commitDurable())).toBe('IBS_STORAGE_LOCK_REPLACED')
      await writeFile(lockFile, '')
    }
  })

  it('is over when a file that it writes vanishes', async () => {
    await using at = await temporaryDataDir()
    await using store = await open(at.dataDir)
    take(store, 1)
    await store.commitVisible()
    await rm(join(at.dataDir, FILE))
    take(store, 2)
    expect(await outcomeOf(store.commitVisible())).toBe('IBS_STORAGE_CHECKPOINT_AHEAD')
    expect(store.state.word).toBe('failed')
  })
})

import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { codeOf, failPoint } from '@ib-stream/model'
import { type DateRecord, decodeRecord, encodeRecord, recordKey } from './day-record.ts'
import type { ObjectBody, ObjectStore } from './object-store.ts'

/** Relative to DATA_DIR. */
export const ARCHIVE_STATE = '.state/archive'

export interface RecordsOptions {
  dataDir: string
  store: ObjectStore
  prefix: string
}

interface FoundRecord {
  /** Without days where there is none. */
  record: DateRecord
  isInBucket: boolean
}

/** Which days are archived, by date: in the bucket, and the same here, so that a look costs no request. The bucket's counts: a lost one here is taken from there. */
export class Records {
  readonly #options: RecordsOptions

  constructor(options: RecordsOptions) {
    this.#options = options
  }

  /** The record of a date, from here or else from the bucket, as {@link refresh} gives it. */
  async read(date: string, signal?: AbortSignal): Promise<FoundRecord> {
    const here = await readLocalRecord(this.#options.dataDir, date)
    return here === undefined ? await this.refresh(date, signal) : { record: here, isInBucket: true }
  }

  /**
   * The record as the bucket has it, which is what counts: the one here may be older, or of another bucket. Where the bucket has none it is that from here, to be written.
   * @throws what the store throws; a record in the bucket that cannot be read counts as none
   */
  async refresh(date: string, signal?: AbortSignal): Promise<FoundRecord> {
    const there = await this.readBucket(date, signal).catch((error: unknown) => {
      if (codeOf(error) === 'IBS_ARCHIVE_RECORD_INVALID') return undefined
      throw error
    })
    const here = await readLocalRecord(this.#options.dataDir, date)
    if (there === undefined) return { record: here ?? { date, days: [] }, isInBucket: false }
    if (here === undefined || encodeRecord(here) !== encodeRecord(there)) await this.#writeHere(there)
    return { record: there, isInBucket: true }
  }

  /** @throws ArchiveError `IBS_ARCHIVE_RECORD_INVALID`, and what the store throws */
  async readBucket(date: string, signal?: AbortSignal): Promise<DateRecord | undefined> {
    const key = `${this.#options.prefix}${recordKey(date)}`
    const body = await this.#options.store.get(key, signal)
    return body && decodeRecord(await textOf(body), date, key)
  }

  /** The bucket first: what is here never says more than what is there. */
  async write(record: DateRecord, signal?: AbortSignal): Promise<void> {
    failPoint('archive: put the record')
    await this.#options.store.put(`${this.#options.prefix}${recordKey(record.date)}`, bodyOf(encodeRecord(record)), signal)
    await this.#writeHere(record)
  }

  async #writeHere(record: DateRecord): Promise<void> {
    failPoint('archive: write the local record')
    await writeState(this.#options.dataDir, `${record.date}.json`, encodeRecord(record))
  }
}

/** A local record that cannot be read (torn by a power cut) counts as lost. */
export async function readLocalRecord(dataDir: string, date: string): Promise<DateRecord | undefined> {
  const text = await readState(dataDir, `${date}.json`)
  if (text === undefined) return undefined
  try {
    return decodeRecord(text, date, `${ARCHIVE_STATE}/${date}.json`)
  } catch (error) {
    if (codeOf(error) === 'IBS_ARCHIVE_RECORD_INVALID') return undefined
    throw error
  }
}

/** Dates that have a local record, in order. */
export async function localDates(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, ARCHIVE_STATE)).catch(orNothing)
  return (names ?? []).flatMap((name) => /^(\d{4}-\d\d-\d\d)\.json$/.exec(name)?.[1] ?? []).sort()
}

export const readState = (dataDir: string, name: string): Promise<string | undefined> =>
  readFile(join(dataDir, ARCHIVE_STATE, name), 'utf8').catch(orNothing)

/** Whole or not at all, also after a power cut. */
export async function writeState(dataDir: string, name: string, text: string): Promise<void> {
  const folder = join(dataDir, ARCHIVE_STATE)
  await mkdir(folder, { recursive: true })
  const path = join(folder, name)
  {
    await using file = await open(`${path}.tmp`, 'w')
    await file.writeFile(text)
    await file.datasync()
  }
  failPoint('archive: rename the local record')
  await rename(`${path}.tmp`, path)
  await using handle = await open(folder, 'r')
  await handle.sync()
}

/** A small object. */
export function bodyOf(text: string): ObjectBody {
  const bytes = Buffer.from(text)
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), open: () => Readable.from([bytes]) }
}

function orNothing(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined
  throw error
}

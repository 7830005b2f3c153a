import { hourOf, isoFromUs, isTickType, type TickType, US_PER_DAY, US_PER_HOUR, usFromMs } from '@ib-stream/model'
import { ROWS_FOLDER } from './backend.ts'
import { listFolder } from './list-folder.ts'

/** Ticks of one contract and type in one UTC day of `ts`. */
export interface SealedDay {
  cid: number
  tt: TickType
  /** First µs of the day. */
  dayUs: number
}

/** A sealed file: of an hour, or of its whole day. */
export interface SealedPath extends SealedDay {
  path: string
  /** First µs of the hour; undefined for the file of a day. */
  hourUs: number | undefined
}

export const SEALED_FOLDER = 'parquet'

const DAY_NAME = 'day.parquet'

/** Folder of a day, relative to DATA_DIR: names that every engine turns into columns. */
export const sealedFolder = ({ cid, tt, dayUs }: SealedDay): string =>
  `${SEALED_FOLDER}/cid=${cid}/tt=${tt}/date=${isoFromUs(dayUs).slice(0, 10)}`

export const sealedDayPath = (day: SealedDay): string => `${sealedFolder(day)}/${DAY_NAME}`

/** @param hourUs first µs of an hour of the day */
export const sealedHourPath = (day: SealedDay, hourUs: number): string => `${sealedFolder(day)}/${isoFromUs(hourUs).slice(11, 13)}.parquet`

/** The name under which a sealed file is made. Engines pass over what begins with a dot. */
export function sealedTemporary(path: string): string {
  const at = path.lastIndexOf('/') + 1
  return `${path.slice(0, at)}.${path.slice(at)}.tmp`
}

const TEMPORARY = /^\.(\d\d|day)\.parquet\.tmp$/

export const isSealedTemporary = (name: string): boolean => TEMPORARY.test(name)

const SEALED = /^parquet\/cid=([1-9]\d{0,9})\/tt=(\w+)\/date=(\d{4}-\d\d-\d\d)\/(\d\d|day)\.parquet$/

/** What a path says, or undefined where it is none of ours. */
export function parseSealedPath(path: string): SealedPath | undefined {
  const [, cid, tt, date, name] = SEALED.exec(path) ?? []
  const dayUs = usFromMs(Date.parse(`${date}T00:00:00Z`))
  if (!isTickType(tt) || Number.isNaN(dayUs)) return undefined
  const day = { cid: Number(cid), tt, dayUs }
  if (name === 'day') return { ...day, path, hourUs: undefined }
  const hourUs = dayUs + Number(name) * US_PER_HOUR
  return hourUs < dayUs + US_PER_DAY && hourOf(hourUs) === hourUs ? { ...day, path, hourUs } : undefined
}

/** Days of a contract and type that have a folder, from `startUs` to before `endUs`; in order. */
export async function listSealedDays(
  dataDir: string,
  { cid, tt }: Omit<SealedDay, 'dayUs'>,
  { startUs, endUs }: { startUs: number; endUs: number },
): Promise<SealedDay[]> {
  const days: SealedDay[] = []
  for (const name of await listFolder(dataDir, `${SEALED_FOLDER}/cid=${cid}/tt=${tt}`)) {
    const dayUs = name.startsWith('date=') ? usFromMs(Date.parse(`${name.slice(5)}T00:00:00Z`)) : Number.NaN
    if (dayUs + US_PER_DAY > startUs && dayUs < endUs) days.push({ cid, tt, dayUs })
  }
  return days.sort((a, b) => a.dayUs - b.dayUs)
}

/** The sealed files of a day that lie there, also hour files that its day file replaces. */
export async function listSealedFiles(dataDir: string, day: SealedDay): Promise<SealedPath[]> {
  const folder = sealedFolder(day)
  const found = (await listFolder(dataDir, folder)).map((name) => parseSealedPath(`${folder}/${name}`))
  return found.filter((file) => file !== undefined).sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Files that count: the day file alone where there is one, for it replaces hour files beside it. */
export function sealedThatCount(files: readonly SealedPath[]): readonly SealedPath[] {
  const day = files.find(({ hourUs }) => hourUs === undefined)
  return day ? [day] : files
}

/** True where a writer of the archive, or an import into it, has been at work. */
export async function hasArchive(dataDir: string): Promise<boolean> {
  const parts = await Promise.all([SEALED_FOLDER, ROWS_FOLDER].map((folder) => listFolder(dataDir, folder)))
  return parts.some((names) => names.length > 0)
}

/** Contracts and types that have sealed files. */
export async function listSealedSeries(dataDir: string): Promise<Omit<SealedDay, 'dayUs'>[]> {
  const series: Omit<SealedDay, 'dayUs'>[] = []
  for (const cidName of await listFolder(dataDir, SEALED_FOLDER)) {
    const cid = Number(/^cid=([1-9]\d{0,9})$/.exec(cidName)?.[1])
    if (Number.isNaN(cid)) continue
    for (const name of await listFolder(dataDir, `${SEALED_FOLDER}/${cidName}`)) {
      const tt = name.startsWith('tt=') ? name.slice(3) : ''
      if (isTickType(tt)) series.push({ cid, tt })
    }
  }
  return series.sort((a, b) => a.cid - b.cid)
}

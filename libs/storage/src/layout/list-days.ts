import { dirname } from 'node:path'
import { isoFromUs, US_PER_HOUR, usFromMs } from '@ib-stream/model'
import { type Backend, folderOf } from './backend.ts'
import { listFolder } from './list-folder.ts'
import { dayOf, manifestFolder, manifestPath, parseManifestPath } from './manifest-path.ts'
import { parseEventsPath, parseSegmentPath, type Segment } from './segment-path.ts'

/** First µs of each UTC day for which a backend has files or manifests, in order. Opens the folders of years and months only. */
export async function listDays(dataDir: string, backend: Backend): Promise<number[]> {
  const days = new Set<number>()
  const folder = folderOf(backend)
  for (const year of await names(dataDir, folder, /^\d{4}$/)) {
    for (const month of await names(dataDir, `${folder}/${year}`, /^\d\d$/)) {
      for (const day of await names(dataDir, `${folder}/${year}/${month}`, /^\d\d$/)) days.add(dayFrom(`${year}-${month}-${day}`))
    }
  }
  for (const day of await names(dataDir, manifestFolder(backend), /^\d{4}-\d\d-\d\d$/)) days.add(dayFrom(day))
  days.delete(Number.NaN)
  return [...days].sort((a, b) => a - b)
}

/** Files of ticks in the hour folders of one UTC day, in order of hour; names that are none of ours are left alone. */
export async function listDayFiles(dataDir: string, backend: Backend, dayUs: number): Promise<Segment[]> {
  const folder = `${folderOf(backend)}/${isoFromUs(dayUs).slice(0, 10).replaceAll('-', '/')}`
  const segments: Segment[] = []
  for (const hour of await names(dataDir, folder, /^\d\d$/)) {
    for (const name of await names(dataDir, `${folder}/${hour}`, /./)) {
      const segment = parseSegmentPath(`${folder}/${hour}/${name}`)
      if (segment && segment.hourUs === dayUs + Number(hour) * US_PER_HOUR) segments.push(segment)
    }
  }
  return segments
}

/** Partitions of contracts that have a manifest of a UTC day. */
export async function manifestsOfDay(dataDir: string, backend: Backend, dayUs: number): Promise<number[]> {
  const folder = dirname(manifestPath({ backend, partition: 0, dayUs }))
  const partitions = (await names(dataDir, folder, /./)).map((name) => parseManifestPath(`${folder}/${name}`)?.partition)
  return partitions.filter((partition) => typeof partition === 'number')
}

/** Paths of the files of recorder events. */
export async function listEventsFiles(dataDir: string): Promise<string[]> {
  return (await names(dataDir, 'events', /./)).map((name) => `events/${name}`).filter((path) => parseEventsPath(path) !== undefined)
}

const dayFrom = (day: string): number => dayOf(usFromMs(Date.parse(`${day}T00:00:00Z`)))

const names = async (dataDir: string, folder: string, wanted: RegExp): Promise<string[]> =>
  (await listFolder(dataDir, folder)).filter((name) => wanted.test(name)).sort()

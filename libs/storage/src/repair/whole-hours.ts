import { isoFromUs, partitionOf, type TickType, US_PER_HOUR } from '@ib-stream/model'
import type { OwnBackend } from '../layout/backend.ts'
import { listDayFiles } from '../layout/list-days.ts'
import { dayOf } from '../layout/manifest-path.ts'
import { parseSegmentPath } from '../layout/segment-path.ts'
import { missingTicks } from '../manifest/manifest-entry.ts'
import type { Checkpoint } from '../segment/checkpoint.ts'
import { closesBefore } from '../segment/closed-files.ts'
import { checkFile } from '../verify/check-file.ts'
import { type DayFacts, factsOf, readDayFacts } from '../verify/facts.ts'

/** Hours of one contract and tick type within a UTC day: [startUs, endUs) on `ts`, µs. */
export interface HoursOfDay {
  cid: number
  tt: TickType
  startUs: number
  endUs: number
}

/** The hours that a backend has, or why it is not known to have all of them. */
export type WholeHours = { hours: readonly number[] } | { lacks: string }

/**
 * Looks whether open files hold all that the archive holds of some hours, by their own manifests and sums: every file closed, none of their ticks taken away, and as far in
 * the same log as the archive.
 * @param archive checkpoint of the archive; undefined where it never followed a log
 */
export async function wholeHours(
  dataDir: string,
  backend: OwnBackend,
  span: HoursOfDay,
  archive: Checkpoint | undefined,
): Promise<WholeHours> {
  const partition = partitionOf(span.cid)
  const facts = await readDayFacts({ dataDir, backend, partition, dayUs: dayOf(span.startUs) })
  const { checkpoint } = facts
  if (checkpoint === 'unreadable') return { lacks: 'its checkpoint cannot be read' }
  if (archive === undefined && checkpoint !== undefined) return { lacks: 'the archive has no checkpoint to hold it to' }
  if (archive !== undefined && checkpoint?.spoolId !== archive.spoolId) return { lacks: 'it is not of the same recording' }
  if (archive !== undefined && (checkpoint?.seq ?? 0) < archive.seq) return { lacks: 'it is behind the archive; repair again later' }
  const hours = new Set<number>()
  for (const path of await pathsOf(dataDir, backend, facts, span)) {
    const lacks = await whyNotWhole(dataDir, facts, path)
    if (lacks !== undefined) return { lacks }
    hours.add(parseSegmentPath(path)?.hourUs ?? 0)
  }
  return hours.size > 0 ? { hours: [...hours].sort((a, b) => a - b) } : { lacks: 'it has nothing of it' }
}

/** Files that are there, that the manifest speaks of, or that the checkpoint lists. */
async function pathsOf(dataDir: string, backend: OwnBackend, { manifest, checkpoint }: DayFacts, span: HoursOfDay): Promise<Set<string>> {
  const listed = checkpoint === undefined || checkpoint === 'unreadable' ? [] : Object.keys(checkpoint.files)
  const there = (await listDayFiles(dataDir, backend, dayOf(span.startUs))).map(({ path }) => path)
  return new Set([...there, ...manifest.entries.keys(), ...listed].filter((path) => isWithin(path, span)))
}

export function isWithin(path: string, { cid, tt, startUs, endUs }: HoursOfDay): boolean {
  const segment = parseSegmentPath(path)
  return segment?.cid === cid && segment.tt === tt && segment.hourUs >= startUs && segment.hourUs + US_PER_HOUR <= endUs
}

async function whyNotWhole(dataDir: string, dayFacts: DayFacts, path: string): Promise<string | undefined> {
  const { checkpoint } = dayFacts
  const facts = factsOf(dayFacts, path)
  const isOpen = checkpoint !== undefined && checkpoint !== 'unreadable' && !closesBefore(path, checkpoint.newestStUs)
  if (facts.committedBytes !== undefined || isOpen) return `${path} still grows; repair again later`
  if (facts.entry === undefined) return `nothing vouches for ${path}`
  if (facts.entry.removedUs !== undefined || missingTicks(facts.entry) > 0) return `${path} lacks ticks`
  return (await checkFile(dataDir, path, facts)).damage === undefined ? undefined : `${path} is damaged`
}

export const hourText = (hourUs: number): string => isoFromUs(hourUs).slice(0, 13)

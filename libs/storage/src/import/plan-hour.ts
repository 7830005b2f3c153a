import type { TickMessage } from '@ib-stream/model'
import { encodeTickJson } from '../codec/json.ts'
import { encodeTicksProto } from '../codec/proto.ts'
import { type HouseBackend, type OwnBackend, SEALED_BACKEND } from '../layout/backend.ts'
import { type HourFiles, importedPath, readHourFiles } from './hour-files.ts'
import type { HourKey, SpooledFile } from './hour-spool.ts'
import type { Form } from './turned.ts'
import { differenceOf, marketKey, recordKey, unionOf } from './union.ts'

/** What should lie in the imported files of an hour, decided without touching any. */
export interface HourPlan {
  files: HourFile[]
  /** Names of the forms that the files come from. */
  forms: string[]
  /** Ticks that were in no file before. */
  added: number
  leftOut: LeftOut[]
}

/** What one backend is to have. */
export type HourFile = OpenHourFile | SealedHourAddition

/** A file of its own. */
export interface OpenHourFile extends Offered {
  backend: OwnBackend
  path: string
  bytes: Uint8Array
  ticks: number
}

/** What the sealed file of the hour, or of its day, is to have besides. */
export interface SealedHourAddition extends Offered {
  backend: typeof SEALED_BACKEND
  added: readonly TickMessage[]
  ticks: number
}

interface Offered {
  /** What its owner makes the file of, who knows best what he has recorded: all that is not recorded by somebody else alone, for that may come to him too. */
  offer: readonly TickMessage[]
}

/** Ticks of an hour that were not taken in, although they are sound. */
export interface LeftOut {
  ticks: number
  reason: string
}

export interface HourOrder {
  backends: readonly HouseBackend[]
  /** Ticks beside those that are there already, or that come from another form. */
  merge: boolean
  /** Names of the forms that the imported file was made from before. */
  origins: readonly string[]
}

export const RECORDED_ALREADY = 'the hour has recorded ticks; --merge adds what they lack'

export async function planHour(dataDir: string, key: HourKey, spooled: readonly SpooledFile[], order: HourOrder): Promise<HourPlan> {
  const there = await readHourFiles(dataDir, key)
  const forms = formsOf(spooled)
  if (there.some(({ recorded }) => recorded.length > 0) && !order.merge) {
    const ticks = forms.reduce((sum, form) => sum + form.ticks.length, 0)
    return { files: [], forms: [], added: 0, leftOut: [{ ticks, reason: RECORDED_ALREADY }] }
  }
  const { taken, leftOut } = order.merge
    ? { taken: forms, leftOut: [] }
    : choose(forms, there.some(({ imported }) => imported.length > 0) ? order.origins : [])
  const known = unionOf(
    there.map(({ recorded, imported }) => [...recorded, ...imported]), // a backend has what it recorded and, beside it, what that lacked
    marketKey,
  )
  const news = taken.map(({ ticks }) => ticks)
  const all = unionOf([known, ...news], marketKey)
  const offer = unionOf([...there.map(({ imported }) => imported), ...news], marketKey)
  return {
    files: filesOf(key, there, { all, offer }, order.backends),
    forms: taken.map(({ name }) => name),
    added: all.length - known.length,
    leftOut,
  }
}

interface FormTicks extends Form {
  ticks: TickMessage[]
}

/** The ticks of each form: those of the files of one recording together (a copy counts once), then what another recording has beyond it. */
function formsOf(spooled: readonly SpooledFile[]): FormTicks[] {
  const byForm = Map.groupBy(spooled, ({ form }) => form.name)
  return [...byForm.values()].map((files) => {
    const recordings = [...Map.groupBy(files, ({ recording }) => recording)].sort(([a], [b]) => (a < b ? -1 : 1))
    const lists = recordings.map(([, pieces]) =>
      unionOf(
        pieces.map(({ ticks }) => ticks),
        recordKey,
      ),
    )
    return { ...(files[0]?.form as Form), ticks: unionOf(lists, marketKey) }
  })
}

/**
 * Two forms of one hour are nearly always two records of the same ticks, and they do not compare equal: one form it is, the one that was taken before, else the one
 * with most ticks, else the one that keeps most of a tick.
 */
function choose(forms: readonly FormTicks[], origins: readonly string[]): { taken: FormTicks[]; leftOut: LeftOut[] } {
  const inOrder = forms.toSorted((a, b) => b.ticks.length - a.ticks.length || a.rank - b.rank)
  const taken = origins.length > 0 ? inOrder.filter(({ name }) => origins.includes(name)) : inOrder.slice(0, 1)
  const why = origins.length > 0 ? origins.join(' and ') : taken.map(({ name, ticks }) => `${name} (${ticks.length} ticks)`).join()
  const leftOut = inOrder
    .filter((form) => !taken.includes(form))
    .map(({ name, ticks }) => ({ ticks: ticks.length, reason: `the hour comes from ${why}; --merge adds what ${name} has beyond it` }))
  return { taken, leftOut }
}

/** Readers take an hour from one backend, so every backend that has a file of it gets all that its own recording lacks. */
function filesOf(
  key: HourKey,
  there: readonly HourFiles[],
  { all, offer }: { all: readonly TickMessage[]; offer: readonly TickMessage[] },
  backends: readonly HouseBackend[],
): HourPlan['files'] {
  return there.flatMap(({ backend, recorded, imported, hasFiles }): HourFile[] => {
    if (!hasFiles && !backends.includes(backend)) return []
    if (backend === SEALED_BACKEND) {
      const added = differenceOf(all, [...recorded, ...imported], marketKey)
      return added.length === 0 ? [] : [{ backend, added, ticks: added.length, offer }]
    }
    const ticks = differenceOf(all, recorded, marketKey)
    if (ticks.length === 0) return []
    return [{ backend, path: importedPath(backend, key), bytes: encodeHour(backend, ticks), ticks: ticks.length, offer }]
  })
}

/** Content of an imported file. */
export const encodeHour = (backend: OwnBackend, ticks: readonly TickMessage[]): Uint8Array => ENCODE[backend](ticks)

const ENCODE: Record<OwnBackend, (ticks: readonly TickMessage[]) => Uint8Array> = {
  json: (ticks) => Buffer.from(ticks.map((tick) => `${encodeTickJson(tick)}\n`).join('')),
  pb: encodeTicksProto,
}

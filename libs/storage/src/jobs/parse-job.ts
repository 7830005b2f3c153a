import { hourOf, isTickType } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import type { HourKey } from '../import/hour-spool.ts'
import { OFFERS } from '../import/import-hour.ts'
import { type Backend, isBackend } from '../layout/backend.ts'
import type { Keep, KeepByBackend } from '../retention/keep.ts'
import type { PartitionJob } from './partition-job.ts'

/** @throws StorageError `IBS_STORAGE_JOB_INVALID` naming the field */
export function parseJob(value: unknown): PartitionJob {
  const fields = recordOf('the request', value)
  const dryRun = optional(fields, 'dryRun', 'boolean')
  switch (fields.do) {
    case 'repair':
      return { do: 'repair', ...dryRun, ...optional(fields, 'startUs', 'number'), ...optional(fields, 'endUs', 'number') }
    case 'retention': {
      const rest = { ...dryRun, ...optional(fields, 'unconfirmed', 'boolean'), ...optional(fields, 'nowUs', 'number') }
      return { do: 'retention', keep: keepOf(fields.keep), ...backendsOf(fields.backends), ...rest }
    }
    case 'import':
      return { do: 'import', ...hourOfJob(fields), offer: offerOf(fields.offer), ...optional(fields, 'merge', 'boolean') }
    default:
      throw invalid('do', fields.do, 'must be "repair", "retention" or "import"')
  }
}

function hourOfJob({ cid, tt, hourUs }: Record<string, unknown>): HourKey {
  if (!Number.isSafeInteger(cid) || Number(cid) <= 0) throw invalid('cid', cid, 'must be a contract id')
  if (!isTickType(tt)) throw invalid('tt', tt, 'must be a tick type')
  if (!Number.isSafeInteger(hourUs) || hourOf(Number(hourUs)) !== hourUs) throw invalid('hourUs', hourUs, 'must be the first µs of an hour')
  return { cid: Number(cid), tt, hourUs: Number(hourUs) }
}

/** A name in one folder, so that nobody has another file read. */
function offerOf(value: unknown): string {
  const name = typeof value === 'string' && value.startsWith(`${OFFERS}/`) ? value.slice(OFFERS.length + 1) : ''
  if (!/^\w+\.pb$/.test(name)) throw invalid('offer', value, `must be ${OFFERS}/<name>.pb`)
  return `${OFFERS}/${name}`
}

/** What the limits may be is the library's to say. */
function keepOf(value: unknown): KeepByBackend {
  const keep: [string, Keep][] = Object.entries(recordOf('keep', value)).map(([backend, limits]) => {
    if (!isBackend(backend)) throw invalid('keep', backend, 'names a backend that is not known here')
    const fields = recordOf(`keep.${backend}`, limits)
    return [backend, { ...optional(fields, 'maxAgeUs', 'number'), ...optional(fields, 'maxDiskShare', 'number') }]
  })
  return Object.fromEntries(keep)
}

function backendsOf(value: unknown): { backends?: Backend[] } {
  if (value === undefined) return {}
  const isList = Array.isArray(value) && value.every(isBackend)
  if (!isList) throw invalid('backends', value, 'must be a list of backends that are known here')
  return { backends: value }
}

function recordOf(field: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field, value, 'must be an object')
  return value as Record<string, unknown>
}

interface Types {
  number: number
  boolean: boolean
}

function optional<Name extends string, Type extends keyof Types>(
  fields: Record<string, unknown>,
  name: Name,
  type: Type,
): { [name in Name]?: Types[Type] } {
  const value = fields[name]
  if (value === undefined) return {}
  if (typeof value !== type) throw invalid(name, value, `must be a ${type}`)
  return { [name]: value } as { [name in Name]: Types[Type] }
}

const invalid = (field: string, value: unknown, rule: string): StorageError =>
  new StorageError('IBS_STORAGE_JOB_INVALID', `${field} is ${JSON.stringify(value)}; it ${rule}`, { field, value })

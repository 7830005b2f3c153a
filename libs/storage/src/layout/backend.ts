import type { TickMessage } from '@ib-stream/model'
import { StorageError } from '../errors.ts'

/** The open-file formats that the engine brings; queries, verify and import take these where none are named. */
export const BACKENDS = ['json', 'pb'] as const
export type OwnBackend = (typeof BACKENDS)[number]

/** The archive: rows wait in hour files below `.state/` and are sealed as Parquet when their hour is closed. Taken where it is named. */
export const SEALED_BACKEND = 'parquet'
export type SealedBackend = typeof SEALED_BACKEND
/** All that the engine brings. */
export const HOUSE_BACKENDS = ['json', 'pb', 'parquet'] as const satisfies readonly (OwnBackend | SealedBackend)[]
export type HouseBackend = (typeof HOUSE_BACKENDS)[number]

declare const added: unique symbol
/** A name that `addBackend` gave out. */
export type AddedBackend = string & { readonly [added]: true }
export type Backend = OwnBackend | SealedBackend | AddedBackend

/** `lines`: each record ends with its only newline; `varint`: each is preceded by its length in bytes, as protobuf does it. */
export type Framing = 'lines' | 'varint'

/** All that the engine has to know of files that it does not bring itself. */
export interface BackendForm {
  /** Of the folder below DATA_DIR: lower-case letters and digits. */
  name: string
  /** What its files end in, without the dot. */
  extension: string
  framing: Framing
  /**
   * Reads one record, given without newline or length.
   * @throws StorageError `IBS_STORAGE_TICK_INVALID` for one that is no tick
   */
  decode(record: Uint8Array): TickMessage
}

type Form = Pick<BackendForm, 'extension' | 'framing'> & { decode?: BackendForm['decode'] }

/** Folder of the hour files of a backend, relative to DATA_DIR. What is sealed lies in its own; rows there would be in the way of those who read it. */
export const folderOf = (backend: Backend): string => (backend === SEALED_BACKEND ? ROWS_FOLDER : backend)

export const ROWS_FOLDER = '.state/parquet/rows'

const FORMS = new Map<string, Form>([
  ['json', { extension: 'jsonl', framing: 'lines' }],
  ['pb', { extension: 'pb', framing: 'varint' }],
  [SEALED_BACKEND, { extension: 'rows', framing: 'varint' }],
])

/**
 * Makes a backend of one's own known to this process: then stores take its files, and queries that name it read them. Adding the same object again does nothing.
 * @returns its name, as codecs and queries want it
 * @throws StorageError `IBS_STORAGE_BACKEND_INVALID`
 */
export function addBackend(form: BackendForm): AddedBackend {
  const { name, extension } = form
  const known = FORMS.get(name)
  const rule = !NAME.test(name)
    ? 'name must be 1 to 16 lower-case letters and digits, a letter first'
    : name === 'events' || (known !== undefined && known !== form)
      ? 'the name is taken; choose another'
      : /^\w{1,16}$/.test(extension)
        ? undefined
        : 'extension must be 1 to 16 letters and digits, without the dot'
  if (rule !== undefined)
    throw new StorageError('IBS_STORAGE_BACKEND_INVALID', `backend "${name}" (.${extension}): ${rule}`, { name, extension })
  FORMS.set(name, form)
  return name as AddedBackend
}

const NAME = /^[a-z][a-z0-9]{0,15}$/

export const isBackend = (value: unknown): value is Backend => typeof value === 'string' && FORMS.has(value)

export const extensionOf = (backend: Backend): string => formOf(backend).extension
export const framingOf = (backend: Backend): Framing => formOf(backend).framing

/** How a record of an added backend is read; undefined for those that the engine brings. */
export const decoderOf = (backend: Backend): BackendForm['decode'] | undefined => formOf(backend).decode

function formOf(backend: Backend): Form {
  const form = FORMS.get(backend)
  if (form) return form
  throw new StorageError('IBS_STORAGE_BACKEND_INVALID', `backend "${backend}" is not known here; give it to addBackend first`, {
    name: backend,
  })
}

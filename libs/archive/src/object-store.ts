import type { Readable } from 'node:stream'

/** What is known of an object without its bytes. */
export interface ObjectFacts {
  bytes: number
  /** Of the content, in the server's own way; another content has another one. */
  etag: string
  /** SHA-256 in hexadecimal digits as the server has computed it over the whole object; undefined where it keeps none. */
  serverSha256: string | undefined
}

export interface ListedObject extends Pick<ObjectFacts, 'bytes' | 'etag'> {
  key: string
}

/** What the archive needs of a bucket. Keys are whole: the prefix is in them. Every method throws ArchiveError `IBS_ARCHIVE_AWAY`, `IBS_ARCHIVE_REFUSED` or `signal.reason`. */
export interface ObjectStore {
  /**
   * Puts an object in one request: readers find the old one or the whole new one.
   * @param body read once more for each further try
   */
  put(key: string, body: ObjectBody, signal?: AbortSignal): Promise<void>
  head(key: string, signal?: AbortSignal): Promise<ObjectFacts | undefined>
  /** The bytes of an object; undefined where there is none. */
  get(key: string, signal?: AbortSignal): Promise<Readable | undefined>
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ListedObject>
  close(): void
}

export interface ObjectBody {
  bytes: number
  /** In hexadecimal digits; the server refuses what differs, where it can. */
  sha256: string
  open(): Readable
}

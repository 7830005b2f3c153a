// The SDK is 22 MB of packages and takes about half a second to load: who has no archive does not import this room.
import type { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { ArchiveError } from './errors.ts'
import type { ObjectStore } from './object-store.ts'

/** Where the archive is. */
export interface S3Settings {
  bucket: string
  /** In front of every key: empty, or ends with `/`. */
  prefix: string
  /** Undefined: AWS. */
  endpoint: string | undefined
  region: string
  /** Undefined: wherever AWS's own programs find theirs (environment, profile, role of the machine). */
  keys: { id: string; secret: string } | undefined
  /** True: the bucket is in the path of an address, false: in its host name. */
  pathStyle: boolean
}

/** Of a connection on which nothing moves; a request itself has no limit, for a day of 100 MB takes as long as the line needs. */
const IDLE_MS = 60_000
const CONNECT_MS = 10_000
const TRIES = 3

/** Opens no connection yet. */
export function openS3({ bucket: Bucket, endpoint, region, keys, pathStyle }: S3Settings): ObjectStore {
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(keys === undefined ? {} : { credentials: { accessKeyId: keys.id, secretAccessKey: keys.secret } }),
    forcePathStyle: pathStyle,
    maxAttempts: TRIES,
    // sums of its own making (CRC-32 in a trailer) are refused by older servers; SHA-256 is given where it is wanted
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: IDLE_MS },
  })
  const asked = <Answer>(what: string, answer: () => Promise<Answer>, signal: AbortSignal | undefined): Promise<Answer> =>
    answer().catch((error: unknown) => {
      signal?.throwIfAborted()
      throw archiveError(what, error, { bucket: Bucket, endpoint })
    })
  const options = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal })
  return {
    async put(key, { bytes, sha256, open }, signal) {
      const ChecksumSHA256 = Buffer.from(sha256, 'hex').toString('base64')
      const send = () =>
        client.send(
          new PutObjectCommand({ Bucket, Key: key, ContentLength: bytes, ChecksumAlgorithm: 'SHA256', ChecksumSHA256, Body: open() }),
          options(signal),
        )
      await asked(`put ${key}`, () => again(send, signal), signal)
    },
    async head(key, signal) {
      const command = new HeadObjectCommand({ Bucket, Key: key, ChecksumMode: 'ENABLED' })
      const answer = await asked(`look at ${key}`, () => client.send(command, options(signal)).catch(orMissing), signal)
      if (answer === undefined) return undefined
      const { ContentLength: bytes = 0, ETag: etag = '', ChecksumSHA256: sum, ChecksumType: type } = answer
      const isWhole = sum !== undefined && !sum.includes('-') && type !== 'COMPOSITE'
      return { bytes, etag, serverSha256: isWhole ? Buffer.from(sum, 'base64').toString('hex') : undefined }
    },
    async get(key, signal) {
      const command = new GetObjectCommand({ Bucket, Key: key })
      const answer = await asked(`get ${key}`, () => client.send(command, options(signal)).catch(orMissing), signal)
      return answer?.Body as Readable | undefined // in Node it is one
    },
    async *list(prefix, signal) {
      let token: string | undefined
      do {
        const command = new ListObjectsV2Command({
          Bucket,
          Prefix: prefix,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        })
        const page = await asked(`list ${prefix}`, () => client.send(command, options(signal)), signal)
        for (const { Key: key = '', Size: bytes = 0, ETag: etag = '' } of page.Contents ?? []) yield { key, bytes, etag }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined
      } while (token !== undefined)
    },
    close: () => client.destroy(),
  }
}

interface S3Failure {
  name?: string
  message?: string
  $metadata?: { httpStatusCode?: number }
}

const statusOf = (error: unknown): number | undefined => (error as S3Failure | undefined)?.$metadata?.httpStatusCode

/** Without a body (HEAD) a server can say only that something is not there, be it object or bucket. */
function orMissing(error: unknown): undefined {
  const { name } = error as S3Failure
  if (name === 'NoSuchKey' || name === 'NotFound') return undefined
  throw error
}

/** A stream can be sent once, so the client does not try it again by itself. */
async function again<Answer>(send: () => Promise<Answer>, signal: AbortSignal | undefined): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await send()
    } catch (error) {
      signal?.throwIfAborted()
      const status = statusOf(error)
      if (tries === TRIES || (status !== undefined && status < 500)) throw error
    }
  }
}

function archiveError(what: string, cause: unknown, where: { bucket: string; endpoint: string | undefined }): ArchiveError {
  const { name = 'Error', message = String(cause) } = (cause ?? {}) as S3Failure
  const status = statusOf(cause)
  const said = `${name}${message === '' || message === name ? '' : `: ${message}`}`
  const at = `bucket ${where.bucket} at ${where.endpoint ?? 'AWS'}`
  const facts = { ...where, status }
  if (name === 'CredentialsProviderError')
    return new ArchiveError('IBS_ARCHIVE_REFUSED', `${at}: no keys; set ARCHIVE_S3_ACCESS_KEY_ID and ARCHIVE_S3_SECRET_ACCESS_KEY`, facts, {
      cause,
    })
  if (status !== undefined && status >= 300 && status < 500 && status !== 408 && status !== 429)
    return new ArchiveError(
      'IBS_ARCHIVE_REFUSED',
      `${at} refused to ${what} (${said}); look at keys, their rights, bucket and region`,
      facts,
      {
        cause,
      },
    )
  return new ArchiveError(
    'IBS_ARCHIVE_AWAY',
    `${at} could not ${what} (${said}); it is tried again, look at the server and the way to it`,
    facts,
    {
      cause,
    },
  )
}

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectStore, S3Settings } from '../../libs/archive/src/index.ts'
import { openS3 } from '../../libs/archive/src/index.ts'
import { freePort } from './free-port.ts'
import { TestProgram } from './program.ts'
import { waitFor } from './wait-for.ts'

/** The only account that s3rver has. */
const KEY = 'S3RVER'
export const BUCKET = 'ticks'

/** s3rver 4.0.4 holds the signature of a bucket's own address (a listing) to `/bucket`, where S3 and its clients sign `/bucket/` as it is sent. */
const SIGN_AS_SENT = `
  const S3rver = require('@20minutes/s3rver')
  const v4 = require('@20minutes/s3rver/lib/signature/v4')
  const sign = v4.getStringToSign
  v4.getStringToSign = (request, signature) => sign({ ...request, uri: request.uri.replace(/^\\/[^/]+$/, '$&/') }, signature);`

/** A server that speaks S3 with signatures, in a process of its own; its objects are files in a temporary folder, and outlive a kill. */
export class S3Server implements AsyncDisposable {
  readonly folder: string
  readonly port: number
  readonly program: TestProgram

  static async start(): Promise<S3Server> {
    const server = new S3Server(await mkdtemp(join(tmpdir(), 'ibs-s3-')), await freePort())
    await server.start()
    return server
  }

  private constructor(folder: string, port: number) {
    this.folder = folder
    this.port = port
    const options = {
      port,
      address: '127.0.0.1',
      directory: folder,
      silent: true,
      vhostBuckets: false,
      configureBuckets: [{ name: BUCKET, configs: [] }],
    }
    const script = `${SIGN_AS_SENT} new S3rver(${JSON.stringify(options)}).run().then(() => console.log('listening'))`
    this.program = new TestProgram('s3', { command: process.execPath, args: ['-e', script] })
  }

  async start(): Promise<void> {
    this.program.output = ''
    this.program.start()
    await waitFor('the S3 server listens', () => this.program.output.includes('listening'))
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  settings(prefix = '', keys = { id: KEY, secret: KEY }): S3Settings {
    return { bucket: BUCKET, prefix, endpoint: this.url, region: 'us-east-1', keys, pathStyle: true }
  }

  open(prefix = ''): ObjectStore {
    return openS3(this.settings(prefix))
  }

  /** The same as settings of a process. */
  env(prefix = ''): Record<string, string> {
    return {
      ARCHIVE_S3_BUCKET: BUCKET,
      ARCHIVE_S3_ENDPOINT: this.url,
      ARCHIVE_S3_PREFIX: prefix,
      ARCHIVE_S3_ACCESS_KEY_ID: KEY,
      ARCHIVE_S3_SECRET_ACCESS_KEY: KEY,
    }
  }

  /** Keys of all objects that it has. */
  async keys(): Promise<string[]> {
    const end = '._S3rver_object'
    const names = await readdir(join(this.folder, BUCKET), { recursive: true })
    return names.flatMap((name) => (name.endsWith(end) ? [name.slice(0, -end.length)] : [])).sort()
  }

  /** Where the bytes of an object lie. */
  fileOf(key: string): string {
    return join(this.folder, BUCKET, `${key}._S3rver_object`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.kill()
    await rm(this.folder, { recursive: true, force: true })
  }
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { freePort } from '../../../../test/support/free-port.ts'
import { TestProgram } from '../../../../test/support/program.ts'
import { accountsFile, makeCredentials } from '../../src/security/credentials.ts'

/** A real nats-server that knows the users of ib-stream. */
export class SecuredNats implements AsyncDisposable {
  readonly folder: string
  readonly credentials: string
  readonly url: string
  readonly program: TestProgram

  /** @param more further lines of the server's configuration */
  static async start(more: readonly string[] = []): Promise<SecuredNats> {
    const folder = await mkdtemp(join(tmpdir(), 'ibs-secured-'))
    const credentials = join(folder, 'credentials')
    await makeCredentials(credentials)
    const port = await freePort()
    const lines = [
      `listen: "127.0.0.1:${port}"`,
      `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }`,
      `include ${JSON.stringify(relative(folder, accountsFile(credentials)))}`,
      ...more,
    ]
    await writeFile(join(folder, 'nats.conf'), `${lines.join('\n')}\n`)
    return new SecuredNats(folder, credentials, port)
  }

  constructor(folder: string, credentials: string, port: number) {
    this.folder = folder
    this.credentials = credentials
    this.url = `nats://127.0.0.1:${port}`
    const args = ['-c', join(folder, 'nats.conf')]
    this.program = new TestProgram('nats', { command: process.env.IB_STREAM_NATS_SERVER ?? 'nats-server', args }).start()
  }

  /** What the server has refused so far, a line each. */
  get refusals(): string[] {
    return this.program.output.split('\n').filter((line) => / Violation/.test(line))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.kill()
    await rm(this.folder, { recursive: true, force: true })
  }
}

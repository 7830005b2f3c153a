import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { TestProgram } from './program.ts'

/** A real nats-server with a store of its own in a temporary folder, which it also lends to the test (`folder`). */
export class NatsServer implements AsyncDisposable {
  readonly folder: string
  readonly url: string
  readonly program: TestProgram

  static async start(): Promise<NatsServer> {
    const folder = await mkdtemp(join(tmpdir(), 'ibs-nats-'))
    return new NatsServer(folder, await freePort())
  }

  constructor(folder: string, port: number) {
    this.folder = folder
    this.url = `nats://127.0.0.1:${port}`
    const args = ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', join(folder, 'store')]
    this.program = new TestProgram('nats', { command: process.env.IB_STREAM_NATS_SERVER ?? 'nats-server', args }).start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.kill()
    await rm(this.folder, { recursive: true, force: true })
  }
}

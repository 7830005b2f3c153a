import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { freePort } from '../../../test/support/free-port.ts'
import { nodeProgram, type TestProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'

/** Processes whose command line or environment names `text`. */
async function processesNaming(text: string): Promise<{ pid: number; command: string }[]> {
  const found = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) => {
        const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
        const [command, environment] = await Promise.all([read('cmdline'), read('environ')])
        return { pid: Number(pid), command: command.replaceAll('\0', ' '), fits: command.includes(text) || environment.includes(text) }
      }),
  )
  return found.filter(({ fits, pid }) => fits && pid !== process.pid)
}

describe('ib-stream up', () => {
  let folder = ''
  let env: Record<string, string> = {}
  const start = (more: Record<string, string> = {}): TestProgram =>
    nodeProgram('up', 'apps/cli/src/main.ts', { ...env, ...more }, ['up']).start()
  const told = (program: TestProgram, what: string | RegExp, deadlineMs = 90_000) =>
    waitFor(
      `up says ${what}`,
      () => (typeof what === 'string' ? program.output.includes(what) : what.exec(program.output)?.[1]),
      deadlineMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${program.output.slice(-3_000)}`)
    })

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-up-'))
    env = {
      DATA_DIR: folder,
      PORT: String(await freePort()),
      SIM_PORT: String(await freePort()),
      IB_HOST: '',
      IB_STREAM_REQUEST_GUARD_MS: '0',
      NATS_URL: '',
      IB_STREAM_NATS_SERVER: process.env.IB_STREAM_NATS_SERVER ?? 'nats-server',
    }
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('shows ticks being recorded, tells the address and what to try, and leaves no process behind', async () => {
    await using up = start({ IB_STREAM_LOG_SYNC: '7s' })
    const url = String(await told(up, /ready: (http:\S+)/))
    expect(up.output).toMatch(/ingest +ok +[1-9][\d,]* ticks/)
    expect(up.output).toContain('./ib-stream tail 711280073')
    const answer = await fetch(`${url}/v3/buffer/711280073/query?tick_types=bid_ask,last&buffer_duration=5m&format=ndjson`)
    expect((await answer.text()).split('\n').length).toBeGreaterThan(1)
    expect(await readFile(join(folder, '.state/nats/nats.conf'), 'utf8')).toContain('sync_interval: 7000ms') // the spool keeps as much more
    expect(await up.stop()).toBe(0)
    expect(up.output).toContain('stopped')
    expect(await processesNaming(folder)).toEqual([])
  }, 180_000)

  it('takes the next free port where one is taken, and says so', async () => {
    const holder = createServer().listen(Number(env.PORT), '127.0.0.1')
    await using up = start()
    const url = String(await told(up, /ready: (http:\S+)/))
    expect(up.output).toContain(`port ${env.PORT} is taken: query-api is on ${new URL(url).port}`)
    expect(Number(new URL(url).port)).toBeGreaterThan(Number(env.PORT))
    expect((await fetch(`${url}/health`)).status).toBe(200)
    await up.stop()
    holder.close()
  }, 180_000)

  it('starts a child that dies again, and says so', async () => {
    await using up = start()
    await told(up, 'ready: ')
    const [writer] = (await processesNaming(folder)).filter(({ command }) => command.includes('services/writer-json'))
    process.kill(writer?.pid ?? 0, 'SIGKILL')
    await told(up, 'writer-json killed by SIGKILL; again in 0.5 s')
    await waitFor('another one runs', async () =>
      (await processesNaming(folder)).some(({ command, pid }) => command.includes('services/writer-json') && pid !== writer?.pid),
    )
    await up.stop()
  }, 180_000)

  it('regression: goes on when somebody clears away the logs and a child then dies', async () => {
    await using up = start()
    await told(up, 'ready: ')
    await rm(join(folder, 'logs'), { recursive: true })
    const [writer] = (await processesNaming(folder)).filter(({ command }) => command.includes('services/writer-proto'))
    process.kill(writer?.pid ?? 0, 'SIGKILL')
    await told(up, 'writer-proto killed by SIGKILL; again in 0.5 s')
    await waitFor('another one runs', async () =>
      (await processesNaming(folder)).some(({ command, pid }) => command.includes('services/writer-proto') && pid !== writer?.pid),
    )
    expect(await up.stop()).toBe(0)
    expect(await processesNaming(folder)).toEqual([])
  }, 180_000)

  it('takes its children with it when it is killed, and clears up what could not hear it at the next start', async () => {
    const first = start()
    await told(first, 'ready: ')
    await first.kill()
    await waitFor('the services are gone', async () => !(await processesNaming(folder)).some(({ command }) => command.includes('main.ts')))
    await using again = start()
    await told(again, 'a nats-server of an earlier start is still running')
    await told(again, 'ready: ')
    await again.stop()
    expect(await processesNaming(folder)).toEqual([])
  }, 90_000)

  it('refuses a second one on the same folder, and wrong settings, before it starts anything', async () => {
    await using up = start()
    await told(up, 'ready: ')
    await using second = start()
    expect(await second.exited).toBe(2)
    expect(second.output).toContain('IBS_CLI_ALREADY_RUNNING')
    await using wrong = start({ LOG_LEVEL: 'loud', IB_PORTS: 'x' })
    expect(await wrong.exited).toBe(2)
    expect(wrong.output).toContain('LOG_LEVEL=loud')
    expect(wrong.output).toContain('IB_PORTS=x')
    await up.stop()
  }, 180_000)

  it('says before it starts what is in the way of a gateway, and starts all the same', async () => {
    const nobody = await freePort()
    await using up = start({ IB_HOST: '127.0.0.1', IB_PORTS: String(nobody) })
    await told(up, `nothing listens on 127.0.0.1:${nobody}`)
    expect(up.output).toContain('→ start IB Gateway or TWS and log in')
    await told(up, /(writer-json) +ok/, 60_000)
    expect(await up.stop()).toBe(0)
  }, 120_000)
})

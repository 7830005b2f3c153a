import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { EventName, TickByTickDataType } from '@stoqey/ib'
import { freePort } from '../../../test/support/free-port.ts'
import { StoqeyClient } from './client/stoqey-client.ts'
import { Watch } from './client/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-sim-main-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The simulator as a process, with its log. */
class SimProcess implements AsyncDisposable {
  readonly lines: Record<string, unknown>[] = []
  readonly exited: Promise<unknown[]>
  readonly #child: ChildProcess
  readonly #watch = new Watch()

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    const main = resolve(__dirname, '../src/main.ts')
    this.#child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
    this.exited = once(this.#child, 'exit')
    let rest = ''
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      this.lines.push(...lines.map((line) => JSON.parse(line)))
      this.#watch.happened()
    })
  }

  async said(msg: string): Promise<Record<string, unknown>> {
    const find = () => this.lines.find((line) => line.msg === msg)
    await this.#watch.until(
      () => find() !== undefined,
      () => `${msg}; said ${JSON.stringify(this.lines)}`,
    )
    return find() ?? {}
  }

  terminate(): void {
    this.#child.kill('SIGTERM')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }
}

describe('main', () => {
  it('says where it listens, serves health and metrics, flushes the truth at SIGTERM and leaves with 0', async () => {
    const truth = join(folder, 'truth.jsonl')
    const healthPort = await freePort()
    await using sim = new SimProcess(['--port', '0', '--rate', '20', '--truth', truth], { HEALTH_PORT: String(healthPort) })
    const listening = await sim.said('listening')
    expect(listening).toMatchObject({ level: 'info', host: '127.0.0.1', source: 'model' })
    await using client = await new StoqeyClient(Number(listening.port)).connect()
    client.subscribe(1, 265598, TickByTickDataType.AllLast)
    await client.until(() => client.tickFrames.length >= 10, 'ten ticks')
    const health = await fetch(`http://127.0.0.1:${healthPort}/health`)
    expect(await health.json()).toMatchObject({
      service: 'gateway-sim',
      state: 'ok',
      source: 'model',
      tape: 'running',
      clients: 1,
      subscriptions: 1,
    })
    const metrics = await fetch(`http://127.0.0.1:${healthPort}/metrics`)
    expect(await metrics.text()).toMatch(/^ibs_sim_ticks_sent_total \d{2,}$/m)
    sim.terminate()
    expect(await sim.exited).toEqual([0, null])
    expect(readFileSync(truth, 'utf8').trimEnd().split('\n')).toHaveLength(client.tickFrames.length)
    expect(await sim.said('stopped')).toMatchObject({ tape: 'running', ticks: client.tickFrames.length })
  })

  it('leaves at the end of a replay when asked to, after the last tick has arrived', async () => {
    const path = join(folder, 'short.jsonl')
    const line = (i: number) => `{"ts":1000000000000000,"st":${1e15 + i * 1000},"cid":8314,"tt":"mid_point","rid":0,"mp":${i + 1}}\n`
    writeFileSync(path, Array.from({ length: 200 }, (_, i) => line(i)).join(''))
    await using sim = new SimProcess(['--port', '0', '--replay', path, '--speed', 'max', '--exit-at-end'])
    await using client = await new StoqeyClient(Number((await sim.said('listening')).port)).connect()
    client.subscribe(1, 8314, TickByTickDataType.MidPoint)
    expect(await sim.said('tape ended')).toMatchObject({ sent: 200 })
    expect(await sim.exited).toEqual([0, null])
    await client.until(() => !client.ib.isConnected, 'the end')
    expect(client.tickFrames).toHaveLength(200)
  })

  it('orders a fault of a simulator that runs, and says what is wrong with one', async () => {
    const control = await freePort()
    const url = `http://127.0.0.1:${control}`
    const order = async (...fault: string[]) => {
      await using command = new SimProcess(['fault', ...fault, '--url', url])
      const [code] = await command.exited
      return { code, lines: command.lines }
    }
    await using sim = new SimProcess(['--port', '0', '--control', String(control)])
    await using client = await new StoqeyClient(Number((await sim.said('listening')).port)).connect()
    expect(await order('notice', 'code=2110', 'text=broken')).toMatchObject({ code: 0 })
    await client.until(() => client.all(EventName.info).some(([, code]) => code === 2110), 'the notice')
    expect(await order('mute', 'seconds=soon')).toMatchObject({ code: 1 })
    sim.terminate()
    await sim.exited
    expect(await order('mute')).toEqual({
      code: 2,
      lines: [
        expect.objectContaining({ code: 'IBS_SIM_OPTION_INVALID', msg: expect.stringContaining('start the simulator with --control') }),
      ],
    })
  })

  it('names the flag and leaves with 2 when one is wrong', async () => {
    await using sim = new SimProcess(['--speed', 'quick'])
    expect(await sim.exited).toEqual([2, null])
    expect(sim.lines[0]).toMatchObject({ level: 'error', code: 'IBS_SIM_OPTION_INVALID', flag: '--speed' })
  })
})

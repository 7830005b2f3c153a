import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { freePort } from '../../../../test/support/free-port.ts'
import { nodeProgram, ROOT, type TestProgram } from '../../../../test/support/program.ts'
import { findPython } from '../../../../test/support/python.ts'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { complaints, drawn, openBrowser, visit } from './browser.ts'

const SLOW_MS = 120_000
const PANDAS = /```python\n(import pandas.*?)```/s
const EXPORT = /^\.\/ib-stream (export \S+ .*?-o (\S+).*?)\s*#/m

interface Printed {
  status: number
  out: string
}

const run = (command: string, args: readonly string[], at: { cwd: string; env?: Record<string, string> }): Promise<Printed> =>
  new Promise((resolve) => {
    const options = { cwd: at.cwd, env: { ...process.env, ...at.env }, timeout: SLOW_MS }
    execFile(command, args, options, (error, out, problems) =>
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), out: `${out}${problems}` }),
    )
  })

it(
  'a new user, by the README: npm start, the page, one more symbol, pandas, an export, and stop',
  async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
    const folder = await mkdtemp(join(tmpdir(), 'ibs-new-user-'))
    await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) } // when all that writes there has ended
    const env = {
      DATA_DIR: join(folder, 'recorded'),
      ...{ IB_HOST: '', NATS_URL: '', IB_STREAM_REQUEST_GUARD_MS: '0' },
      PORT: String(await freePort()),
      SIM_PORT: String(await freePort()),
    }
    await mkdir(env.DATA_DIR)
    await using stack = nodeProgram('npm start', 'tools/run.mjs', env, ['start']).start()
    await using browser = await openBrowser()
    const url = await readyAt(stack)
    const page = await browser.newPage()
    page.setDefaultTimeout(SLOW_MS)
    const said = complaints(page)
    await visit(page, url)
    await waitFor('ticks are drawn', async () => (await drawn(page)).bars.length > 0, SLOW_MS)
    await addSymbol(page, 'IBM')
    const ticksOf = async (cid: string) =>
      (await (await fetch(`${url}/v3/buffer/${cid}/query?format=ndjson&tick_types=bid_ask,last`)).text()).split('\n')
    await waitFor('IBM is recorded', async () => (await ticksOf('IBM')).length > 3, SLOW_MS)
    expect(said).toEqual([])

    await inPandas(PANDAS.exec(readme)?.[1] ?? '', { url, folder })
    const [, command = '', file = ''] = EXPORT.exec(readme) ?? []
    const exported = await run(join(ROOT, 'ib-stream'), command.split(' '), { cwd: folder, env })
    expect(exported).toEqual({ status: 0, out: expect.stringContaining(file) })
    expect((await stat(join(folder, file))).size).toBeGreaterThan(500)

    expect(await stack.stop()).toBe(0)
    expect(stack.output).toContain('stopped')
  },
  5 * SLOW_MS,
)

const readyAt = (stack: TestProgram): Promise<string> =>
  waitFor('it is ready', () => /ready: (http:\S+)/.exec(stack.output)?.[1], SLOW_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${stack.output.slice(-3_000)}`)
  })

async function addSymbol(page: Page, symbol: string): Promise<void> {
  await page.locator('#symbol').fill(symbol)
  await page.locator('#found [role=option] b').first().click()
  await waitFor('it is shown', async () => (await page.locator('#symbol-title').innerText()) === symbol, SLOW_MS)
}

async function inPandas(code: string, { url, folder }: { url: string; folder: string }): Promise<void> {
  expect(code).toContain('http://127.0.0.1:8851')
  const python = await findPython(['pandas'])
  if (python === undefined) return void process.stderr.write('NOT TESTED: the lines for pandas in README.md: no Python with pandas here\n')
  const { status, out } = await run(python, ['-c', code.replaceAll('http://127.0.0.1:8851', url)], { cwd: folder })
  expect({ status, out }).toEqual({ status: 0, out: expect.stringMatching(/count +[1-9]/) })
}

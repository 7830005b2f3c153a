import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from '@jest/globals'
import { Stack } from '../../../test/support/stack.ts'
import { waitFor } from '../../../test/support/wait-for.ts'

const ROOT = resolve(__dirname, '../../..')
const ADDRESS = 'http://127.0.0.1:8851'

/** What a command prints; it has to end well. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, problems, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  expect({ code, said: code === 0 ? '' : out + problems }).toEqual({ code: 0, said: '' })
  return out
}

it('@ib-stream/client packed, installed in an empty project, runs the code of its README against real services, and its types hold', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-client-'))
  await using stack = await Stack.make({ tracked: '265598:AAPL:bid_ask;last:24', simulator: ['--rate', '2', '--seed', '3'] })
  for (const program of [stack.nats, stack.simulator, stack.ingest, stack.writerJson, stack.writerProto, stack.queryApi]) program.start()
  try {
    const packed = (await run(process.execPath, [join(ROOT, 'tools/pack.mjs'), 'client', folder], ROOT)).trim()
    await writeFile(join(folder, 'package.json'), '{"name":"empty","type":"module"}')
    const quiet = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-update-notifier']
    await run('npm', ['install', ...quiet, '--cache', join(folder, 'cache'), packed], folder)
    await stack.ready(stack.queryApi)
    const enough = async () => {
      const answer = await fetch(`${stack.apiUrl}/v3/buffer/265598/query?tick_types=last&buffer_duration=1m&format=ndjson`)
      return (await answer.text()).split('\n').length > 20
    }
    await waitFor('there are trades', enough, 60_000)

    const readme = await readFile(join(ROOT, 'libs/client/README.md'), 'utf8')
    const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code ?? '')
    expect(blocks).toHaveLength(3)
    const said: string[] = []
    for (const [index, code] of blocks.entries()) {
      expect(code).toContain(ADDRESS)
      await writeFile(join(folder, `block-${index}.mjs`), code.replaceAll(ADDRESS, stack.apiUrl))
      said.push(await run(process.execPath, [`block-${index}.mjs`], folder))
    }
    const lines = said[0]?.trimEnd().split('\n') ?? []
    expect(lines.filter((line) => !/^(-?\d+(\.\d+)?|undefined) (-?\d+(\.\d+)?|undefined)$/.test(line))).toEqual([])
    expect(lines).toHaveLength(100)
    expect(said[1]).toMatch(/^\d{16} µs\ntrue\n$/)
    expect(said[2]).toMatch(/^true true true \d+ 1 3\n$/)

    await writeFile(
      join(folder, 'use.ts'),
      `import { Client, type Bar, type Gaps, type Tick } from '@ib-stream/client'
       const client = new Client()
       for await (const tick of client.stream({ cid: 1, tickTypes: ['last'] })) { const one: Tick = tick; if (one.tt === 'last') one.p.toFixed() }
       const gaps: Gaps = await client.gaps()
       const bars: Bar[] = await client.bars({ cid: 1 })
       const schedule = await client.get('/v3/contracts/{cid}/schedule', { path: { cid: 'AAPL' } })
       const zone: string = schedule.time_zone
       // @ts-expect-error: a tick type that is none
       client.stream({ cid: 1, tickTypes: ['none'] })
       // @ts-expect-error: a parameter that this path does not take
       await client.get('/v3/contracts/{cid}/schedule', { path: { cid: 1 }, query: { month: 3 } })
       export { bars, gaps, zone }`,
    )
    const flags = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'esnext',
      '--lib',
      'esnext,dom,dom.iterable,dom.asynciterable',
      '--types',
      '',
    ]
    await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...flags, 'use.ts'], folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 300_000) // two compilers, an npm and six services, on a machine that may do other things too

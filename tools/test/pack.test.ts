import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from '@jest/globals'

const ROOT = resolve(__dirname, '../..')

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' })
  return stdout
}

it('@ib-stream/storage packed, installed in an empty project, runs the code of its README, and its types hold', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-pack-'))
  try {
    const packed = run(process.execPath, [join(ROOT, 'tools/pack.mjs'), 'storage', folder], ROOT).trim()
    await writeFile(join(folder, 'package.json'), '{"name":"empty","type":"module"}')
    // the third parties come from this checkout, so that no registry is asked
    const others = ['protobufjs', 'fs-native-extensions', 'zod'].map((name) => join(ROOT, 'node_modules', name))
    const quiet = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-update-notifier']
    run('npm', ['install', ...quiet, '--cache', join(folder, 'cache'), packed, ...others], folder)
    const readme = await readFile(join(ROOT, 'libs/storage/README.md'), 'utf8')
    const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code ?? '')
    expect(blocks).toHaveLength(3)
    const said: string[] = []
    for (const [index, code] of blocks.entries()) {
      await writeFile(join(folder, `block-${index}.mjs`), code)
      said.push(run(process.execPath, [`block-${index}.mjs`], folder))
    }
    expect(said).toEqual(['', '1753837634000000 23477.5 23478\n', '1 files, 0 damaged\n'])
    await writeFile(
      join(folder, 'use.ts'),
      `import { openRange, type TickMessage } from '@ib-stream/storage'
       const range = await openRange({ dataDir: 'data', cids: [1], tts: ['last'], startUs: 0, endUs: 1 })
       for await (const ticks of range.batches()) { const one: TickMessage | undefined = ticks[0]; one?.ts.toFixed() }
       // @ts-expect-error: the types are there, so a tick type that is none does not pass
       await openRange({ dataDir: 'data', cids: [1], tts: ['none'], startUs: 0, endUs: 1 })`,
    )
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'esnext', '--types', 'node']
    const typeRoots = ['--typeRoots', join(ROOT, 'node_modules/@types')]
    run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...flags, ...typeRoots, 'use.ts'], folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 300_000) // three compilers and two npms, on a machine that may do other things too

import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

describe('the check of the arrows between rooms', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-arrows-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const room = (path: string, dependencies: string[]) =>
    put(`${path}/package.json`, JSON.stringify({ dependencies: Object.fromEntries(dependencies.map((name) => [name, '1'])) }))
  const check = () => spawnSync(process.execPath, ['tools/check/arrows.ts', folder], { encoding: 'utf8' })

  it('lets pass what the table allows', async () => {
    await room('libs/storage', ['@ib-stream/model'])
    await put(
      'libs/storage/src/a.ts',
      "import { join } from 'node:path'\nimport type { TickMessage } from '@ib-stream/model'\nimport { b } from './deep/b.ts'\n",
    )
    expect(check()).toMatchObject({ status: 0, stderr: '' })
  })

  it('lets pass an entry that a room declares beside its index', async () => {
    await put(
      'libs/model/package.json',
      JSON.stringify({ name: '@ib-stream/model', exports: { '.': './a.ts', './time': './src/time.ts' } }),
    )
    await room('libs/storage', ['@ib-stream/model'])
    await put('libs/storage/src/a.ts', "import { x } from '@ib-stream/model/time'\n")
    expect(check()).toMatchObject({ status: 0, stderr: '' })
    await put('libs/storage/src/a.ts', "import { x } from '@ib-stream/model/tick'\n")
    expect(check().stderr).toContain('reaches past the index')
  })

  it.each([
    ['an import against the table', "import { x } from '@ib-stream/bus'", '"@ib-stream/bus" is not among'],
    ['a type import against the table', "import type { X } from '@ib-stream/bus'", '"@ib-stream/bus" is not among'],
    ['a re-export against the table', "export { x } from '@ib-stream/bus'", '"@ib-stream/bus" is not among'],
    ['a dynamic import against the table', "const x = await import('@ib-stream/bus')", '"@ib-stream/bus" is not among'],
    ['an import past the index', "import { x } from '@ib-stream/model/src/tick.ts'", 'reaches past the index'],
    ['a path into another room', "import { x } from '../../model/src/tick.ts'", 'leaves the room'],
    ['a package that is not declared', "import pino from 'pino'", '"pino" is not among'],
  ])('fails on %s', async (_, line, problem) => {
    await room('libs/storage', ['@ib-stream/model'])
    await put('libs/storage/src/a.ts', `${line}\n`)
    const { status, stderr } = check()
    expect(status).toBe(1)
    expect(stderr).toContain(`libs/storage/src/a.ts: `)
    expect(stderr).toContain(problem)
  })

  it('fails on a dependency against the table, and on a room that is not in it', async () => {
    await room('libs/storage', ['@ib-stream/bus'])
    await room('libs/attic', [])
    const { stderr } = check()
    expect(stderr).toContain('libs/storage/package.json: may not depend on @ib-stream/bus')
    expect(stderr).toContain('libs/attic is not in the table')
  })
})

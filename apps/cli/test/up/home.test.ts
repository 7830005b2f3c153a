import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ROOT } from '../../../../test/support/program.ts'

const SCRIPT = (root: string) => `
import { up } from '${root}/apps/cli/src/up/up.ts'
await up('${root}').catch((error) => console.log(error.code))
console.log(JSON.stringify({ folder: process.cwd(), data: process.env.DATA_DIR, port: process.env.PORT, level: process.env.LOG_LEVEL }))`

describe('up, started from another folder', () => {
  let home = ''
  let elsewhere = ''
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'ibs-home-'))
    elsewhere = await mkdtemp(join(tmpdir(), 'ibs-elsewhere-'))
    for (const name of ['apps', 'libs', 'package.json']) await cp(join(ROOT, name), join(home, name), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(home, 'node_modules'))
    await mkdir(join(elsewhere, 'deep'))
    await writeFile(join(home, '.env'), 'PORT=9911\nLOG_LEVEL=warn\n')
  })
  afterEach(() => Promise.all([home, elsewhere].map((folder) => rm(folder, { recursive: true, force: true }))))

  /** No NATS server is named, so `up` ends before it starts anything. */
  const run = (env: Record<string, string>) =>
    new Promise<string>((resolve) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT(home)], {
        cwd: elsewhere,
        env: { PATH: process.env.PATH, NATS_URL: '', IB_STREAM_NATS_SERVER: '', ...env },
      })
      let out = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (out += bytes))
      child.on('exit', () => resolve(out))
    })

  it('regression: is the same installation: its .env, its data folder; the environment wins over .env', async () => {
    const out = await run({ LOG_LEVEL: 'error' })
    expect(out).toContain('IBS_CLI_NO_NATS_SERVER')
    expect(out).toContain(JSON.stringify({ folder: home, port: '9911', level: 'error' }))
    expect(await readFile(join(home, 'data-sim/.state/up.lock'), 'utf8')).toBe('')
  })

  it('takes a DATA_DIR that is given with the command from where the user stands', async () => {
    expect(await run({ DATA_DIR: 'deep' })).toContain(`"data":"${join(elsewhere, 'deep')}"`)
  })
})

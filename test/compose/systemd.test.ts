import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ROOT } from '../support/program.ts'

const run = promisify(execFile)
const SYSTEMD = join(ROOT, 'ops/systemd')

describe('the systemd units', () => {
  let units = ''

  beforeEach(async () => {
    units = await mkdtemp(join(tmpdir(), 'ibs-units-'))
    for (const name of (await readdir(SYSTEMD)).filter((file) => /\.(service|target)$/.test(file)))
      await cp(join(SYSTEMD, name), join(units, name))
  })
  afterEach(() => rm(units, { recursive: true, force: true }))

  /** What systemd has against the units; a program that a user installs is stood in for, since systemd looks whether it is there. */
  const verify = async (): Promise<string> => {
    const nats = join(units, 'ib-stream-nats.service')
    await writeFile(nats, (await readFile(nats, 'utf8')).replace('/usr/local/bin/nats-server', '/bin/true'))
    const names = ['ib-stream.target', 'ib-stream-nats.service', 'ib-stream@ingest.service', 'ib-stream@writer-json-2.service']
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${units}:` }
    const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', ...names.map((name) => join(units, name))], {
      env,
    }).catch((error: { stdout: string; stderr: string }) => error)
    return stdout + stderr
  }

  it('are taken by systemd-analyze without a word', async () => {
    expect(await verify()).toBe('')
  })

  it('would not be, with a word that systemd does not know', async () => {
    await writeFile(join(units, 'ib-stream-nats.service'), '[Service]\nExecStart=/bin/true\nRestrt=always\n')
    expect(await verify()).toContain('Restrt')
  })

  it('start a program that is there, for every service that has one, also for a second writer', async () => {
    const unit = await readFile(join(SYSTEMD, 'ib-stream@.service'), 'utf8')
    const command = /^ExecStart=\/bin\/sh -c '(.*)'$/m.exec(unit)?.[1] ?? ''
    const target = await readFile(join(SYSTEMD, 'ib-stream.target'), 'utf8')
    const services = (await readdir(join(ROOT, 'services'))).filter((name) => name !== 'README.md')
    for (const service of services) expect(target).toContain(`ib-stream@${service}`)
    for (const instance of [...services, 'writer-json-2']) {
      // As systemd does it: %i is the instance, %% is %, $$ is $; then the paths of an installation are those of this checkout.
      const script = command
        .replace('%i', instance)
        .replaceAll('%%', '%')
        .replaceAll('$$', () => '$')
        .replaceAll('/opt/ib-stream', ROOT)
      const { stdout } = await run('/bin/sh', ['-c', script.replace('exec ', 'exec /bin/ls ')])
      expect(stdout).toContain(`services/${instance.replace(/-\d+$/, '')}/src/main.ts`)
      const options = await run('/bin/sh', ['-c', script.replace(/exec .*/, 'echo "$NODE_OPTIONS"')], {
        env: { NODE_OPTIONS: '--enable-source-maps' },
      })
      expect(options.stdout.trim()).toBe(`${instance === 'query-api' ? '' : '--max-semi-space-size=4 '}--enable-source-maps`)
    }
  })
})

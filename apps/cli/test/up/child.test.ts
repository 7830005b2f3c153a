import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { Child } from '../../src/up/child.ts'

describe('Child', () => {
  let folder = ''
  const said: string[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-child-'))
    said.length = 0
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const child = (args: string[], logFile = join(folder, 'logs/x.log')) =>
    new Child({ name: 'x', command: process.execPath, args, env: {}, logFile, where: '', stopRank: 0 }, (line) => said.push(line))

  it('regression: starts nothing more when it is stopped while it starts', async () => {
    const mark = join(folder, 'ran')
    const one = child(['-e', `require('fs').writeFileSync(${JSON.stringify(mark)}, '')`])
    const starting = one.start()
    await one.stop()
    await starting
    expect([one.state, one.pid]).toEqual(['stopped', undefined])
    await new Promise((resolve) => setTimeout(resolve, 300))
    await expect(readFile(mark)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('regression: tries again when it could not even be started', async () => {
    const inTheWay = join(folder, 'logs')
    await writeFile(inTheWay, 'a file where the folder belongs')
    const one = child(['-e', 'setInterval(() => {}, 1000)'])
    await one.start()
    expect([one.state, one.restarts]).toEqual(['waiting', 1])
    await waitFor('it is said', () => said.some((line) => line.includes('could not be started')))
    await rm(inTheWay)
    await waitFor('it runs', () => one.state === 'running')
    await one.stop()
  })

  it('tells the last words of a service that gave up, of a log of any length', async () => {
    const words = JSON.stringify({ level: 60, msg: 'IBS_X: mend it' })
    const one = child(['-e', `process.stdout.write('x'.repeat(300000) + '\\n' + ${JSON.stringify(words)} + '\\n')`])
    await one.start()
    await waitFor('it is said', () => said.some((line) => line.includes('IBS_X: mend it')))
    await one.stop()
  })
})

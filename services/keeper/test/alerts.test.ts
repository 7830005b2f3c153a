import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Alerts } from '../src/alerts.ts'

const is = (firing: boolean | undefined, alert = 'disk_low') => [{ alert, firing, summary: 'words' }]

describe('Alerts', () => {
  let folder = ''
  let file = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-alerts-'))
    file = join(folder, 'alerts.json')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('tells an alert once when it begins and once when it is over', async () => {
    const alerts = await Alerts.open(file)
    const looks = [true, true, true, true, false, false, false]
    const changes = []
    for (const firing of looks) changes.push((await alerts.look(is(firing))).map(({ state }) => state))
    expect(changes).toEqual([[], ['firing'], [], [], [], ['resolved'], []])
  })

  it('does not follow a single look', async () => {
    const alerts = await Alerts.open(file)
    for (const firing of [true, false, true, false, true, false]) expect(await alerts.look(is(firing))).toEqual([])
  })

  it('leaves an alert as it is while it cannot be looked at, and ends it when it is no longer watched', async () => {
    const alerts = await Alerts.open(file)
    for (const firing of [true, true, undefined, undefined, undefined]) await alerts.look(is(firing))
    expect(alerts.firing).toHaveLength(1)
    await alerts.look([])
    expect(await alerts.look([])).toMatchObject([{ state: 'resolved', summary: 'no longer watched' }])
  })

  it('remembers over a restart what was told and what was not', async () => {
    const before = await Alerts.open(file)
    for (const _ of [1, 2]) await before.look([...is(true), ...is(true, 'log_full')])
    const [first] = before.untold
    if (first) await before.told(first)
    const after = await Alerts.open(file)
    expect(after.firing.map(({ alert }) => alert)).toEqual(['disk_low', 'log_full'])
    expect(after.untold.map(({ alert }) => alert)).toEqual(['log_full'])
    expect(await after.look([...is(true), ...is(true, 'log_full')])).toEqual([])
  })

  it('does not tell the end of what nobody was told of', async () => {
    const alerts = await Alerts.open(file)
    for (const firing of [true, true, false, false]) await alerts.look(is(firing))
    expect(alerts.untold).toEqual([])
  })

  it('takes a torn file as empty', async () => {
    await writeFile(file, '[{"alert":"disk_')
    expect((await Alerts.open(file)).firing).toEqual([])
  })
})

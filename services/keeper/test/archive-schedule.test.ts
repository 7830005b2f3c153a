import { describe, expect, it } from '@jest/globals'
import { RecordedDays } from '../../../libs/archive/test/recorded-days.ts'
import { nodeProgram } from '../../../test/support/program.ts'
import { S3Server } from '../../../test/support/s3-server.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { ArchiveSchedule } from '../src/archive-schedule.ts'
import { KeeperBench, WebhookServer } from './support.ts'

describe('the keeper and the archive', () => {
  it('copies sealed days, alerts once when the server is away, and once when it is back', async () => {
    await using server = await S3Server.start()
    await using recorded = await RecordedDays.make(2)
    await using bench = await KeeperBench.open(0)
    await using webhook = await WebhookServer.start()
    const env = {
      ...{ NATS_URL: bench.nats.url, DATA_DIR: recorded.dataDir, HEALTH_PORT: '0', IB_HOST: '', IB_STREAM_OVERLAY: 'allow' },
      ...{ KEEPER_EVERY_MS: '100', ARCHIVE_EVERY_MS: '200', ALERT_WEBHOOK_URL: webhook.url },
      ...server.env('desk-1'),
    }
    await using keeper = nodeProgram('keeper', 'services/keeper/src/main.ts', env).start()
    const { healthPort } = await keeper.logged('started', ({ msg }) => msg === 'started', 60_000)
    const page = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${healthPort}/${path}`)).text()
    await waitFor('both days are archived', async () => /^ibs_keeper_archive_days 2$/m.test(await page('metrics')), 60_000)
    expect((await server.keys()).filter((key) => key.startsWith('desk-1/parquet/'))).toHaveLength(2)
    expect(JSON.parse(await page('health')).parts.archive).toMatchObject({ ready: true, last: { archivedDays: 2, failures: [] } })
    const told = (state: string) => webhook.posts.filter((post) => post.alert === 'archive_failing' && post.state === state)
    await server.program.kill()
    await recorded.takeLate() // something to do
    await waitFor('the alert', () => told('firing').length > 0, 60_000)
    expect(JSON.parse(await page('health')).parts.archive).toMatchObject({ state: 'failing', ready: true })
    expect(String(told('firing')[0]?.summary)).toContain('IBS_ARCHIVE_AWAY')
    await server.start()
    await waitFor('its end', () => told('resolved').length > 0, 60_000)
    expect([told('firing').length, told('resolved').length]).toEqual([1, 1])
    expect(keeper.output).not.toContain('S3RVER') // no key in the log
  }, 180_000)

  it('regression: an archive that cannot be opened is a run that failed, and the keeper goes on', async () => {
    const runs: number[] = []
    const open = () => Promise.reject(new Error('Cannot find package'))
    const schedule = new ArchiveSchedule({ open, everyMs: 1, onRun: ({ failures }) => runs.push(failures.length) })
    const stop = new AbortController()
    const running = schedule.run(stop.signal).catch(() => undefined)
    await waitFor('it is tried again', () => runs.length > 2)
    expect(schedule.conditions()).toContainEqual(expect.objectContaining({ alert: 'archive_failing', firing: true }))
    stop.abort(new Error('test ends'))
    await running
  })

  it('is off, and watches nothing, where no bucket is set', () => {
    const schedule = new ArchiveSchedule({ open: undefined, everyMs: 1, onRun: () => undefined })
    expect([schedule.state, schedule.conditions()]).toEqual(['off', []])
  })
})

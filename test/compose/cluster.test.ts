import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../support/wait-for.ts'
import { Recording } from './recording.ts'

const SERVERS = ['nats', 'nats-2', 'nats-3']
/** An election, with the rest of the machine at work. */
const BACK_WITHIN_MS = 90_000

describe('the profile "cluster"', () => {
  it('loses nothing while each of three NATS servers is killed in turn, and two at once', async () => {
    await using recording = await Recording.start({ IB_STREAM_CLUSTER: '3', COMPOSE_PROFILES: 'cluster' }, SERVERS)
    const { stack } = recording
    await stack.compose('up', '--detach', '--no-build')
    await stack.healthy()
    const goesOn = async (what: string) => {
      const before = (await recording.publisher()).spoolEnd
      await waitFor(what, async () => (await recording.publisher()).acknowledged > before + 50, BACK_WITHIN_MS)
    }
    await goesOn('the log takes ticks')

    for (const server of SERVERS) {
      await stack.compose('kill', server)
      await goesOn(`the log takes ticks without ${server}`)
      await stack.compose('start', server)
      await stack.healthy(...SERVERS)
      await goesOn(`the log takes ticks with ${server} again`)
    }
    await stack.compose('kill', 'nats', 'nats-3')
    const before = await recording.publisher()
    await waitFor(
      'what comes meanwhile is spooled',
      async () => (await recording.publisher()).spoolEnd > before.spoolEnd + 50,
      BACK_WITHIN_MS,
    )
    await stack.compose('start', 'nats', 'nats-3')
    await stack.healthy()
    await goesOn('the log takes ticks with a majority again')

    await stack.compose('stop', 'gateway-sim')
    const verdict = await recording.judge(await recording.settled())
    expect(verdict).toMatchObject({ counts: { lost: 0, doubled: 0, misordered: 0, changed: 0, undeclared: 0 }, findings: [] })
    expect(verdict.recorded).toBeGreaterThan(500)
    expect(await recording.refusals(...SERVERS)).toEqual([])
  }, 600_000)
})

import { describe, expect, it } from '@jest/globals'
import { judge } from '../chaos/check/judge.ts'
import { readJsonFiles, readProtoFiles } from '../support/ticks.ts'
import { waitFor } from '../support/wait-for.ts'
import { ComposeStack } from './compose-stack.ts'

const CIDS = [711280073, 265598]
const TYPES = ['bid_ask', 'last']
const TRACKED = CIDS.map((cid) => `${cid}:C${cid}:${TYPES.join(';')}:24`).join(',')
const SERVERS = ['nats', 'nats-2', 'nats-3']

interface Publisher {
  state: string
  spoolEnd: number
  acknowledged: number
}

describe('the profile "cluster"', () => {
  it('loses nothing while each of three NATS servers is killed in turn, and two at once', async () => {
    await using stack = await ComposeStack.make({
      IB_STREAM_TRACKED_CONTRACTS: TRACKED,
      IB_STREAM_LINES: '100',
      IB_STREAM_CLUSTER: '3',
      COMPOSE_PROFILES: 'cluster',
    })
    await stack.build()
    await stack.compose('up', '--detach', '--no-build')
    await stack.healthy()
    const publisher = async () => ((await stack.health('ingest')).parts as { publisher: Publisher }).publisher
    const goesOn = async (what: string) => {
      const before = (await publisher()).spoolEnd
      await waitFor(what, async () => (await publisher()).acknowledged > before + 50, 90_000)
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
    const before = await publisher()
    await waitFor('what comes meanwhile is spooled', async () => (await publisher()).spoolEnd > before.spoolEnd + 50, 60_000)
    await stack.compose('start', 'nats', 'nats-3')
    await stack.healthy()
    await goesOn('the log takes ticks with a majority again')

    await stack.compose('stop', 'gateway-sim')
    const settled = async () => {
      const { spoolEnd, acknowledged } = await publisher()
      const dataDir = await stack.copyOfData()
      const [json, proto] = [(await readJsonFiles(dataDir)).length, (await readProtoFiles(dataDir)).length]
      return spoolEnd === acknowledged && json > 0 && json === proto && { dataDir, json }
    }
    const first = await waitFor('the files are settled', settled, 90_000)
    const { dataDir } = await waitFor('and stay so', async () => {
      const again = await settled()
      return again && again.json === first.json && again
    })
    await stack.compose('stop', 'writer-json', 'writer-proto')
    const ask = async (cid: number) =>
      (await readJsonFiles(dataDir)).filter((tick) => tick.cid === cid).sort((a, b) => a.ts - b.ts || (a.st ?? 0) - (b.st ?? 0))
    const verdict = await judge({ dataDir, truthFile: stack.truthFile, live: [], witnesses: [], probes: [], ask })
    expect(verdict).toMatchObject({ counts: { lost: 0, doubled: 0, misordered: 0, changed: 0, undeclared: 0 }, findings: [] })
    expect(verdict.recorded).toBeGreaterThan(500)
    const refused = (await stack.compose('logs', '--no-log-prefix', ...SERVERS)).split('\n').filter((line) => / Violation/.test(line))
    expect(refused).toEqual([])
  }, 600_000)
})

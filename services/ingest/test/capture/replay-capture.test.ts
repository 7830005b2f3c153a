import { join } from 'node:path'
import { hash31, type TickMessage } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { NatsServer } from '../../../../test/support/nats-server.ts'
import { nodeProgram } from '../../../../test/support/program.ts'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { keyOf, logOf, MNQ, Station } from '../station.ts'

const TRACKED = `${MNQ}:MNQ:bid_ask;last:24`
const STREAMS = [hash31(MNQ, 'bid_ask'), hash31(MNQ, 'last')]
const ofStream = (ticks: readonly TickMessage[], rid: number) => ticks.filter((tick) => tick.rid === rid).map(keyOf)

it('replays a capture through ingest: the same ticks in the same order, over a cut connection and a kill', async () => {
  await using station = await Station.start(TRACKED, [], { IB_STREAM_CAPTURE_MAX_BYTES: String(2 ** 24), IB_STREAM_BACKFILL: '0s' })
  const ticksNow = async () => (await station.log()).ticks.length
  await waitFor('it records', async () => (await ticksNow()) > 500)
  await station.fault({ fault: 'cut', how: 'rst', where: 'mid-frame' })
  const before = await ticksNow()
  await waitFor('it goes on', async () => (await ticksNow()) > before + 500)
  await station.ingest.kill()
  const recorded = (await station.log()).ticks

  await using nats = await NatsServer.start()
  await using replay = nodeProgram('replay', 'services/ingest/src/capture/replay-main.ts', {}, [
    ...['--port', '0', join(station.dataDir, 'capture')],
  ]).start()
  const { port } = await replay.logged('its port', ({ msg }) => msg === 'listening')
  await using again = nodeProgram('ingest', 'services/ingest/src/main.ts', {
    IB_HOST: '127.0.0.1',
    IB_PORTS: String(port),
    NATS_URL: nats.url,
    DATA_DIR: nats.folder,
    HEALTH_PORT: '0',
    IB_STREAM_TRACKED_CONTRACTS: TRACKED,
    IB_STREAM_REQUEST_GUARD_MS: '0',
    IB_STREAM_BACKFILL: '0s',
  }).start()
  await replay.logged('that all was played', ({ msg }) => msg === 'played', 60_000)
  await waitFor('all is in the log', async () => {
    const { healthPort } = await again.logged('its pages', ({ msg }) => msg === 'started')
    const page = (await (await fetch(`http://127.0.0.1:${healthPort}/health`)).json()) as {
      parts: { publisher: { spoolEnd: number; acknowledged: number } }
    }
    return page.parts.publisher.acknowledged === page.parts.publisher.spoolEnd
  })
  const { ticks } = await logOf(nats.url)
  for (const rid of STREAMS) {
    const [replayed, original] = [ofStream(ticks, rid), ofStream(recorded, rid)]
    // What a kill may cost of the capture: the last second.
    expect(replayed.length).toBeGreaterThan(original.length * 0.8)
    expect(replayed.slice(0, original.length)).toEqual(original.slice(0, replayed.length))
  }
}, 120_000)

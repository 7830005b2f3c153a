import { access, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectBus, openPublisher, tickSubject } from '@ib-stream/bus'
import { hash31, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, test } from '@jest/globals'
import { NatsServer } from '../../../test/support/nats-server.ts'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { runCli } from './run-cli.ts'

const CID = 8314

describe('repair and retention beside running writers', () => {
  test('each partition is worked on by its owner; without their NATS it says so', async () => {
    await using nats = await NatsServer.start()
    const dataDir = join(nats.folder, 'data')
    await using bus = await connectBus({ url: nats.url, name: 'repair-test' })
    const publisher = await openPublisher({ bus, spoolFolder: join(nats.folder, 'spool'), source: 'simulator', logMaxBytes: 2 ** 28 })
    const env = { NATS_URL: nats.url, DATA_DIR: dataDir, HEALTH_PORT: '0', IB_HOST: '', CHECKPOINT_DURABLE_MS: '200' }
    await using json = nodeProgram('writer-json', 'services/writer-json/src/main.ts', env).start()
    await using pb = nodeProgram('writer-proto', 'services/writer-proto/src/main.ts', env).start()
    await using parquet = nodeProgram('writer-parquet', 'services/writer-parquet/src/main.ts', env).start()
    for (let i = 0; i < 40; i++) {
      const ts = 1_753_837_200_000_000 + (i * US_PER_HOUR) / 10
      publisher.add({
        subject: tickSubject(CID, 'last'),
        line: JSON.stringify({ ts, st: ts, cid: CID, tt: 'last', rid: hash31(CID, 'last'), p: 1, s: i }),
      })
    }
    await publisher.settled()
    const closed = async (backend: string) => (await readdir(join(dataDir, `.state/${backend}/manifest`)).catch(() => [])).length > 0
    await waitFor('hours are closed', async () => (await closed('json')) && (await closed('pb')))
    const path = join(dataDir, 'json/2025/07/30/01/8314_last_1753837200.jsonl')
    const sealedPath = join(dataDir, 'parquet/cid=8314/tt=last/date=2025-07-30/01.parquet')
    await waitFor('an hour is sealed', () =>
      access(sealedPath).then(
        () => true,
        () => false,
      ),
    )
    const [whole, sealed] = [await readFile(path), await readFile(sealedPath)]
    await writeFile(path, Buffer.from(whole).fill(0, 10, 20))
    await writeFile(sealedPath, Buffer.from(sealed).fill(0, 40, 60))
    const lost = runCli(['repair', '-d', dataDir], { NATS_URL: 'nats://127.0.0.1:9' })
    expect([await lost.ended, lost.err]).toEqual([2, expect.stringMatching(/^IBS_CLI_NATS_AWAY: .*127\.0\.0\.1:9/)])
    const run = runCli(['repair', '-d', dataDir], { NATS_URL: nats.url })
    expect([await run.ended, run.err, run.out]).toEqual([0, '', expect.stringContaining('2 restored, 0 rebuilt')])
    expect([await readFile(path), await readFile(sealedPath)]).toEqual([whole, sealed])
    const retention = runCli(['retention', '-d', dataDir, '--keep', 'json:1d', '--json'], { NATS_URL: nats.url })
    expect([await retention.ended, retention.err]).toEqual([0, ''])
    expect(JSON.parse(retention.out.trim().split('\n').at(-1) ?? '')).toMatchObject({
      removed: { files: expect.any(Number) },
      notWorkedOn: 0,
    })
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' })
    expect([json.running, pb.running, parquet.running]).toEqual([true, true, true])
    await publisher.close()
  }, 60_000)
})

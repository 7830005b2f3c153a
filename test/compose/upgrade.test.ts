import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../support/wait-for.ts'
import type { ComposeStack } from './compose-stack.ts'
import { docker } from './docker.ts'
import { Recording } from './recording.ts'

/** The name stays, as it does for a user; what is behind it changes. */
const IMAGE = 'ib-stream-test-upgrade'
const SEED = ['cat', '/credentials/ingest/nkey.seed']
const TRIM = 'ib.log.trim'

interface Inspected {
  Image: string
  RestartCount: number
  State: { StartedAt: string }
}

async function inspect(stack: ComposeStack, service: string): Promise<Inspected> {
  const [container] = await stack.containers(service)
  return (JSON.parse(await docker('inspect', String(container?.ID))) as [Inspected])[0]
}

/** The same programs, built anew. */
async function buildNext(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-next-'))
  try {
    await writeFile(join(folder, 'Dockerfile'), `FROM ${IMAGE}\nLABEL version=next\n`)
    return (await docker('build', '--quiet', '--tag', IMAGE, folder)).trim()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The accounts file of before ingest was asked to trim the log, and a server that knows no better. */
async function makeOlder(stack: ComposeStack): Promise<void> {
  const forget = `sed -i '/"${TRIM}"/d' /credentials/server/accounts.conf`
  await stack.compose('run', '--rm', '-T', '--no-deps', '--entrypoint', 'sh', 'prepare', '-ec', forget)
  await stack.compose('restart', 'nats')
  await stack.healthy('nats')
}

describe('docker compose up with a new image', () => {
  it('regression: gives an installation whose NATS has older accounts the rights of today, keeps its keys, and loses no tick', async () => {
    await using after = new AsyncDisposableStack()
    after.defer(async () => void (await docker('image', 'rm', '--force', '--no-prune', IMAGE))) // layers are the cache of the next build
    await using recording = await Recording.start({ IB_STREAM_IMAGE: IMAGE, IB_STREAM_LOG_KEEP: '10s', KEEPER_EVERY_MS: '1000' })
    const { stack } = recording
    const keeper = async () => (await stack.health('keeper')).parts as { keeper: { trim: string; purgedMessages: number } }
    await stack.compose('up', '--detach', '--no-build')
    await stack.healthy()
    await recording.ticksFlow()
    await makeOlder(stack)
    await recording.ticksFlow()
    await waitFor(
      'the keeper says why it cannot trim',
      async () => (await keeper()).keeper.trim.includes('"ib-stream credentials"'),
      120_000,
    )
    expect((await inspect(stack, 'ingest')).RestartCount).toBe(0) // it goes on recording without that right
    const [seed, natsBefore] = [await stack.exec('ingest', ...SEED), await inspect(stack, 'nats')]

    const image = await buildNext()
    await stack.compose('up', '--detach', '--no-build')
    await stack.healthy()
    for (const service of ['ingest', 'writer-json', 'writer-proto', 'writer-parquet', 'keeper', 'query-api'])
      expect([service, (await inspect(stack, service)).Image]).toEqual([service, image])
    expect((await inspect(stack, 'nats')).State.StartedAt).not.toBe(natsBefore.State.StartedAt)
    expect(await stack.exec('ingest', ...SEED)).toBe(seed)
    await waitFor('the log is trimmed', async () => (await keeper()).keeper.purgedMessages > 0, 120_000)
    await recording.ticksFlow()

    await stack.compose('stop', 'gateway-sim')
    const verdict = await recording.judge(await recording.settled())
    expect(verdict).toMatchObject({ counts: { lost: 0, doubled: 0, misordered: 0, changed: 0, undeclared: 0 }, findings: [] })
  }, 600_000)
})

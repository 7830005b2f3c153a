import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { ROOT } from '../support/program.ts'
import { parseLines } from '../support/ticks.ts'
import { waitFor } from '../support/wait-for.ts'
import { ComposeStack } from './compose-stack.ts'
import { CIDS, RECORDED } from './recording.ts'

const TYPES = ['bid_ask', 'last']

/** The commands of a guide, as it has them, below a heading. */
async function commandsOf(guide: string, heading: string): Promise<string> {
  const text = await readFile(join(ROOT, 'docs/guides', guide), 'utf8')
  const commands = text
    .split(`\n## ${heading}\n`)[1]
    ?.split('\n## ')[0]
    ?.match(/(?<=\n```\n)[\s\S]*?(?=\n```)/)?.[0]
  if (commands === undefined) throw new Error(`docs/guides/${guide} has no commands below "${heading}"`)
  return commands
}

describe('a backup', () => {
  it('gives, restored on an empty host and other disks, the same answers, and recording goes on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ibs-backup-'))
    await using stack = new AsyncDisposableStack()
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const run = async (on: ComposeStack, commands: string) => {
      const shell = promisify(execFile)
      // what compose is told beside: the tests' own names, ports and image
      await shell(
        'bash',
        ['-euc', commands.replaceAll('docker compose ', 'docker compose --file $COMPOSE --file $OVERRIDE --env-file /dev/null ')],
        {
          cwd: folder,
          env: { ...process.env, ...on.env, COMPOSE: join(ROOT, 'docker-compose.yml'), OVERRIDE: join(ROOT, 'test/compose/override.yml') },
        },
      )
    }
    const answers = async ({ apiUrl }: ComposeStack, endUs: number) => {
      const all = CIDS.map(async (cid) => {
        const query = `tick_types=${TYPES.join(',')}&start_time=1&end_time=${endUs}&format=ndjson`
        const answer = await fetch(`${apiUrl}/v3/buffer/${cid}/query?${query}`)
        return { status: answer.status, text: await answer.text() }
      })
      return await Promise.all(all)
    }
    let before: Awaited<ReturnType<typeof answers>>
    let endUs = 0
    {
      await using old = await ComposeStack.make(RECORDED)
      await old.build()
      await old.compose('up', '--detach', '--no-build')
      await old.healthy()
      const count = async () => parseLines((await answers(old, Date.now() * 1_000))[0]?.text ?? '').length
      await waitFor('ticks', async () => (await count()) > 300, 60_000)
      await old.compose('stop', 'gateway-sim')
      endUs = Date.now() * 1_000
      before = await answers(old, endUs)
      await run(old, await commandsOf('backup.md', 'Make one'))
      await old.healthy('query-api', 'ingest')
    } // containers and volumes are gone
    expect((await stat(join(folder, 'ib-stream.tar'))).size).toBeGreaterThan(100_000)

    const [disk, fast] = [join(folder, 'other-disk'), join(folder, 'fast-disk')]
    for (const path of [disk, fast]) await mkdir(path) // of root's, as a new disk is
    const restored = stack.use(await ComposeStack.make({ ...RECORDED, IB_STREAM_VOLUME: disk, IB_STREAM_NATS_VOLUME: fast }))
    await run(restored, await commandsOf('backup.md', 'Restore'))
    await restored.healthy()
    for (const path of [disk, fast]) expect((await stat(path)).uid).toBe(1000)
    expect(await answers(restored, endUs)).toEqual(before)
    expect(before.every(({ status, text }) => status === 200 && parseLines(text).length > 100)).toBe(true)
    await waitFor(
      'new ticks are recorded',
      async () => {
        const [now] = await answers(restored, Date.now() * 1_000)
        return parseLines(now?.text ?? '').length > parseLines(before[0]?.text ?? '').length + 50
      },
      60_000,
    )
    expect((await restored.compose('run', '--rm', '-T', '--no-deps', 'cli', 'verify')).length).toBeGreaterThan(0)
  }, 600_000)
})

import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { connectBus } from '../src/connection.ts'
import type { BusError } from '../src/errors.ts'
import { listen } from '../src/listen.ts'
import { accountsFile, makeCredentials } from '../src/security/credentials.ts'
import { askTrim, serveTrim, TRIM_LOG } from '../src/trim-log.ts'
import { SecuredNats } from './security/secured-nats.ts'
import { tape } from './support/lines.ts'
import { publish, testPublisher } from './support/test-publisher.ts'

const busOf = ({ url, credentials }: SecuredNats, name: string) =>
  connectBus({ url, name, credentials, signal: AbortSignal.timeout(60_000) })

/** The server learns what its accounts file says now. */
async function reload({ program }: SecuredNats): Promise<void> {
  const reloads = () => program.output.split('Reloaded server configuration').length
  const before = reloads()
  program.signal('SIGHUP')
  await waitFor('the server has reloaded', () => reloads() > before, 60_000).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${program.output.slice(-1_000)}`)
  })
}

/** The accounts as they were before anybody asked ingest to trim the log. */
async function makeOlder(nats: SecuredNats): Promise<void> {
  await waitFor('the server has read them', () => nats.program.output.includes('Server is ready'), 60_000)
  const file = accountsFile(nats.credentials)
  const lines = (await readFile(file, 'utf8')).split('\n')
  const older = lines.filter((line) => !line.includes(`"${TRIM_LOG}"`))
  expect(lines.length - older.length).toBe(2) // ingest listens, the keeper asks
  await writeFile(file, older.join('\n'))
  await reload(nats)
}

describe('a server with the accounts of an older version', () => {
  it('regression: ends no service that it does not let listen; both sides say what to do, and work when it has been done', async () => {
    await using nats = await SecuredNats.start()
    await makeOlder(nats)
    await using ingest = await busOf(nats, 'ingest')
    await using keeper = await busOf(nats, 'keeper')
    await using publisher = await testPublisher(ingest, `${nats.folder}/spool`)
    await publish(publisher, tape(1, 10))
    const told: BusError[] = []
    using _ = serveTrim(ingest, publisher, (error) => told.push(error))
    await waitFor('ingest is refused', () => told.length > 0, 60_000)
    const what = { code: 'IBS_BUS_NOT_AUTHORIZED', message: expect.stringMatching(/ib\.log\.trim; .*"ib-stream credentials"/) }
    expect(told).toEqual([expect.objectContaining(what)])
    await expect(askTrim(keeper, 5)).rejects.toMatchObject(what)

    await makeCredentials(nats.credentials)
    await reload(nats)
    const isTrimmed = () =>
      askTrim(keeper, 5).then(
        () => true,
        () => false,
      )
    await waitFor('the log is trimmed', isTrimmed, 60_000)
    expect((await ingest.manager.streams.info('TICKS')).state.first_seq).toBe(5)
    expect(told).toHaveLength(1)
  }, 180_000)

  it('is told of once however often it refuses, and not asked any more after the end', async () => {
    await using nats = await SecuredNats.start()
    await using keeper = await busOf(nats, 'keeper')
    const told: BusError[] = []
    const heard: unknown[] = []
    const listening = listen(
      keeper,
      TRIM_LOG,
      (message) => heard.push(message),
      (error) => told.push(error),
    )
    await waitFor('it was refused twice', () => nats.refusals.length >= 2, 60_000)
    listening.close()
    await keeper.connection.flush()
    await new Promise((resolve) => setTimeout(resolve, 2_000)) // what the server had already refused is in its output
    const refused = nats.refusals.length
    await new Promise((resolve) => setTimeout(resolve, 6_000)) // longer than it waits before it asks again
    expect([told.length, heard.length, nats.refusals.length]).toEqual([1, 0, refused])
  }, 180_000)
})

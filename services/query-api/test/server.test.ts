import { expect, it } from '@jest/globals'
import { temporaryDataDir } from '../../../libs/storage/test/data-dir.ts'
import { ROUTES } from '../src/routes.ts'
import { startServer } from './standing-server.ts'

it('regression: a request that comes while the service stops is told so in the form of all errors', async () => {
  await using at = await temporaryDataDir()
  const late: Response[] = []
  const server = await startServer({ dataDir: at.dataDir }, ROUTES, (app) => {
    app.addHook('preClose', async () => {
      late.push(await fetch(`${server.url}/v3/info`))
    })
  })
  await server[Symbol.asyncDispose]()
  expect(late.map(({ status, headers }) => [status, headers.get('content-type'), headers.get('retry-after')])).toEqual([
    [503, 'application/problem+json; charset=utf-8', '1'],
  ])
  expect(await late[0]?.json()).toMatchObject({ code: 'IBS_TAPE_CLOSED', detail: 'the service is stopping; ask again in a second' })
})

import { expect, test } from '@jest/globals'
import { randomFrom, until } from '../../../../libs/tape/test/recording.ts'
import { ROUTES } from '../../src/routes.ts'
import { attack } from './attack.ts'
import { heldBy, openFortress } from './fortress.ts'

/** So many that each route is asked some twenty times. */
const REQUESTS = 1_200
/** Beyond those of before: the connection that asks, and what a look at the log may have open. */
const MORE_HANDLES = 4

test('hostile requests, messages and bytes over every route: no 5xx, no crash, nothing held afterwards, no file from outside', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  await using fortress = await openFortress()
  const { url } = fortress.server
  const { handles } = await heldBy(fortress)
  const report = await attack({ url, random: randomFrom(seed), requests: REQUESTS, canary: fortress.canary })
  expect({ seed, wrongs: report.wrongs }).toEqual({ seed, wrongs: [] })
  expect({ seed, failures: fortress.server.failures }).toEqual({ seed, failures: [] })
  expect([...report.statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 404, 405]))
  expect([...report.routes].sort()).toEqual(ROUTES.map(({ id }) => id).sort())
  expect(report.messages).toBeGreaterThan(20)
  expect((await fetch(`${url}/v3/info`)).status).toBe(200)
  await until('everything is given back', async () => {
    const held = await heldBy(fortress)
    return held.clients === 0 && held.leases === 0 && held.connections <= 2 && held.handles <= handles + MORE_HANDLES
  })
})

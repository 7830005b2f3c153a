import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'
import { startGatewaySim } from '../../src/index.ts'
import { RawClient } from '../client/raw-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-sim-hold-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Trades of 8314 among long lines of another contract: the source reads for a while, and a subscriber leaves in the meantime. */
function tradesAmongLongLines(): string {
  const path = join(folder, 'trades.jsonl')
  const line = (_: unknown, i: number) => {
    const head = `"ts":1381132800000000,"st":${1_381_132_800_000_000 + i},"tt":"all_last","rid":0,"p":180,"s":${Math.floor(i / 4) + 1}`
    return i % 4 === 0 ? `{"cid":8314,${head}}\n` : `{"cid":42,${head},"sc":"${'x'.repeat(16_000)}"}\n`
  }
  writeFileSync(path, Array.from({ length: 2_500 }, line).join(''))
  return path
}

it('regression: ticks kept while nobody listened came twice to a subscriber with numberOfTicks', async () => {
  const clockStart = '2025-07-30T17:00:00Z'
  await using sim = await startGatewaySim({
    port: 0,
    replay: tradesAmongLongLines(),
    speed: 'max',
    hold: true,
    repeatSeconds: 0,
    clockStart,
  })
  using client = await RawClient.started(sim.port, 1)
  for (let i = 1; sim.stats().tape !== 'ended'; i++) {
    client.send('97', String(i), '8314', ...Array<string>(11).fill(''), 'AllLast', '1', '0')
    await client.until(() => client.frames().some(([id, rid]) => id === '99' && rid === String(i)), `ticks of ${i}`)
    client.send('98', String(i))
    client.send('49', '1')
    await client.until(() => client.frames().filter(([id]) => id === '49').length === i, `the cancel of ${i}`)
  }
  const sizes = (id: string, at: number) =>
    client.frames().flatMap((fields) => (fields[0] === id ? [{ rid: fields[1], size: Number(fields.at(at)) }] : []))
  const live = sizes('99', 5)
  // 98: id, reqId, n, then time, mask, price, size, exchange, conditions each, and done; the first one has none
  const [, ...pasts] = sizes('98', -4)
  expect(pasts.length).toBeGreaterThan(0)
  for (const { rid, size } of pasts) expect(live.find((tick) => tick.rid === rid)).toEqual({ rid, size: size + 1 })
  expect(live.map(({ size }) => size)).toEqual(live.map((_, i) => i + 1))
})

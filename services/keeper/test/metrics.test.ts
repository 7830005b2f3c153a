import { readFile } from 'node:fs/promises'
import { expect, it } from '@jest/globals'
import { Registry } from 'prom-client'
import { LIMITS } from '../src/conditions.ts'
import { registerKeeperMetrics } from '../src/metrics.ts'
import { KeeperBench } from './support.ts'

const RULES = 'ops/prometheus/alerts.yml'

it('gives every number that the rules of Prometheus ask for, from a real log and a real disk', async () => {
  await using bench = await KeeperBench.open(10)
  await Promise.all([bench.bring('json', 10), bench.bring('pb', 5)])
  const keeper = await bench.keeper()
  await keeper.look(new AbortController().signal)
  const metrics = new Registry()
  registerKeeperMetrics({ metrics }, () => keeper)
  const told = await metrics.metrics()
  const asked = new Set((await readFile(RULES, 'utf8')).match(/\bibs_keeper_(?!archive)\w+/g)) // of the archive only where there is one
  expect([...asked].filter((name) => !new RegExp(`^${name}(\\{.*\\})? \\d`, 'm').test(told))).toEqual([])
  const { freeBytes, totalBytes } = keeper.sight?.disk ?? {}
  expect(told).toContain(`ibs_keeper_disk_free_bytes ${freeBytes}\n`)
  expect(told).toContain(`ibs_keeper_disk_size_bytes ${totalBytes}\n`)
})

it('has the limits of a low disk that the rules of Prometheus have', async () => {
  const rule = /expr: ibs_keeper_disk_free_bytes < ([\d* ]+) and ibs_keeper_disk_free_bytes < ([\d.]+) \* ibs_keeper_disk_size_bytes\n/
  const [, bytes = '', share = ''] = rule.exec(await readFile(RULES, 'utf8')) ?? []
  const product = bytes.split('*').reduce((most, factor) => most * Number(factor), 1)
  expect([product, Number(share)]).toEqual([LIMITS.diskFreeBytes, LIMITS.diskFreeShare])
})

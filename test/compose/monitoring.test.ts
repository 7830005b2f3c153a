import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { freePort } from '../support/free-port.ts'
import { ROOT } from '../support/program.ts'
import { waitFor } from '../support/wait-for.ts'
import { ComposeStack } from './compose-stack.ts'
import { docker } from './docker.ts'

const OPS = join(ROOT, 'ops')

describe('the profile "monitoring"', () => {
  const promtool = async (...args: string[]): Promise<string> => {
    const image = /image: (prom\/prometheus:\S+)/.exec(await readFile(join(ROOT, 'docker-compose.yml'), 'utf8'))?.[1] ?? ''
    return await docker(
      'run',
      '--rm',
      '--volume',
      `${OPS}/prometheus:/rules:ro`,
      '--workdir',
      '/rules',
      '--entrypoint',
      'promtool',
      image,
      ...args,
    )
  }

  it('has rules that promtool takes, each of which fires when it should and is silent when it should not', async () => {
    expect(await promtool('check', 'config', 'prometheus.yml')).toContain('valid prometheus config')
    expect(await promtool('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS')
  })

  it('tests every alert, and has a page for it that the alert links to', async () => {
    const rules = await readFile(join(OPS, 'prometheus/alerts.yml'), 'utf8')
    const tests = await readFile(join(OPS, 'prometheus/alerts.test.yml'), 'utf8')
    const runbook = await readFile(join(ROOT, 'docs/guides/runbook.md'), 'utf8')
    const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name)
    expect(alerts.length).toBeGreaterThan(10)
    for (const alert of alerts) {
      expect(rules).toContain(`docs/guides/runbook.md#${alert?.toLowerCase()}\n`)
      expect(runbook).toContain(`\n## ${alert}\n`)
      expect(tests).toMatch(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n`))
    }
  })

  it('asks for no metric that no service has, on its dashboard and in its rules', async () => {
    const pages = `${await readFile(join(OPS, 'grafana/dashboards/ib-stream.json'), 'utf8')}${await readFile(join(OPS, 'prometheus/alerts.yml'), 'utf8')}`
    const reference = await readFile(join(ROOT, 'docs/reference/metrics.md'), 'utf8')
    for (const [name] of pages.matchAll(/\bibs_\w+/g)) expect(reference).toContain(`\`${name.replace(/_(bucket|count)$/, '')}\``)
  })

  it('scrapes every service, each replica by itself, and finds what its rules ask for', async () => {
    const port = await freePort()
    await using stack = await ComposeStack.make({ PROMETHEUS_PORT: String(port) })
    await stack.build()
    await stack.compose('up', '--detach', '--no-build', '--scale', 'writer-json=2')
    await stack.compose('--profile', 'monitoring', 'up', '--detach', '--no-build', '--no-deps', 'prometheus')
    await stack.healthy()
    let up: Record<string, number> = {}
    const scraped = async (): Promise<boolean> => {
      const query = encodeURIComponent('count by (service) (up == 1)')
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${query}`).catch(() => undefined)
      const body = (await answer?.json()) as { data: { result: { metric: { service: string }; value: [number, string] }[] } } | undefined
      up = Object.fromEntries((body?.data.result ?? []).map(({ metric, value }) => [metric.service, Number(value[1])]))
      return Object.values(up).reduce((sum, count) => sum + count, 0) >= 8
    }
    await waitFor('all are scraped', scraped, 60_000).catch(() => undefined)
    expect(up).toEqual({ 'gateway-sim': 1, ingest: 1, 'writer-json': 2, 'writer-proto': 1, 'writer-parquet': 1, keeper: 1, 'query-api': 1 })
    const rules = await readFile(join(OPS, 'prometheus/alerts.yml'), 'utf8')
    const asked = new Set([...rules.matchAll(/\bibs_\w+/g)].map(([name]) => name).filter((name) => !name.startsWith('ibs_keeper_archive'))) // those only with a bucket
    let missing = [...asked]
    const there = async (): Promise<boolean> => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/label/__name__/values`)
      const names = new Set(((await answer.json()) as { data: string[] }).data)
      missing = [...asked].filter((name) => !names.has(name))
      return missing.length === 0
    }
    await waitFor('what every rule asks for is there', there, 60_000).catch(() => undefined)
    expect(missing).toEqual([])
  })
})

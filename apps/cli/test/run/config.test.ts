import { expect, test } from '@jest/globals'
import { runCli } from '../run-cli.ts'

test('config check names each wrong value and each name that is misspelt, and ends with 1', async () => {
  const run = runCli(['config', 'check'], { LOG_LEVEL: 'loud', IB_PORTS: 'x', IB_STREAM_RETENTON: 'json:7d' })
  expect([await run.ended, run.err]).toEqual([1, ''])
  expect(run.out).toMatch(/^wrong {2}IB_PORTS=x: port numbers separated by commas/m)
  expect(run.out).toMatch(/^wrong {2}LOG_LEVEL=loud: .*\binfo\b/m)
  expect(run.out).toMatch(/^wrong {2}IB_STREAM_RETENTON is no setting; is IB_STREAM_RETENTION meant\?$/m)
})

test('config check ends with 0 where all is right', async () => {
  const run = runCli(['config', 'check'], { LOG_LEVEL: 'warn', IB_PORTS: '4002,4001' })
  expect([await run.ended, run.out]).toEqual([0, expect.stringMatching(/^ok {2}\d+ settings, \d+ of them set$/m)])
})

test('config show says what counts and where it comes from, and nothing that lets somebody in', async () => {
  const env = {
    LOG_LEVEL: 'warn',
    NATS_URL: 'nats://ingest:sesame@10.0.0.1:4222,nats://ingest:sesame@10.0.0.2:4222',
    ALERT_WEBHOOK_URL: 'https://hooks.example.com/T0/sesame',
  }
  const run = runCli(['config', 'show', '--set', '--json'], env)
  expect([await run.ended, run.err]).toEqual([0, ''])
  const settings = run.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; value: string; from: string })
  const of = (name: string) => settings.find((setting) => setting.name === name)
  expect(of('LOG_LEVEL')).toMatchObject({ value: 'warn', from: 'environment' })
  expect(of('NATS_URL')?.value).toBe('nats://ingest:…@10.0.0.1:4222,nats://ingest:…@10.0.0.2:4222')
  expect(of('ALERT_WEBHOOK_URL')?.value).toBe('https://hooks.example.com/…')
  expect(run.out).not.toContain('sesame')
  expect(of('IB_STREAM_BACKENDS')).toBeUndefined()
})

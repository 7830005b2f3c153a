import { describe, expect, it } from '@jest/globals'
import { errors } from '@nats-io/nats-core'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { Bus } from '../src/connection.ts'
import { type MicroServiceOptions, serveMicro } from '../src/micro-service.ts'
import { TestNats } from './support/test-nats.ts'

const writer = (bus: Bus, more: Partial<MicroServiceOptions> = {}) =>
  serveMicro({
    bus,
    name: 'writer-json',
    version: '0.1.0',
    description: 'JSON lines',
    metadata: { backend: 'json' },
    state: () => 1,
    ...more,
  })

/** Every answer that comes within a moment. */
async function ask(bus: Bus, subject: string): Promise<Record<string, unknown>[]> {
  const answers: Record<string, unknown>[] = []
  try {
    for await (const message of await bus.connection.requestMany(subject, '', { strategy: 'timer', maxWait: 200 }))
      if (message.data.length > 0) answers.push(message.json())
  } catch (error) {
    if (!(error instanceof errors.NoRespondersError)) throw error
  }
  return answers
}

describe('serveMicro', () => {
  it('answers PING, INFO and STATS for all, by name and by id, in the forms of the services protocol', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using first = writer(bus, { state: () => ({ partitions: [0, 2] }) })
    await using second = writer(await nats.bus(), { state: () => ({ partitions: [1, 3] }) })
    await using other = writer(bus, { name: 'keeper' })
    await waitFor('all three', async () => (await ask(bus, '$SRV.PING')).length === 3)
    const head = (id: string) => ({ name: 'writer-json', id, version: '0.1.0', metadata: { backend: 'json' } })
    const byId = (a: Record<string, unknown>, b: Record<string, unknown>) => String(a.id).localeCompare(String(b.id))
    const both = [head(first.id), head(second.id)].sort(byId)
    const named = (await ask(bus, '$SRV.PING.writer-json')).sort(byId)
    expect(named).toEqual(both.map((one) => ({ type: 'io.nats.micro.v1.ping_response', ...one })))
    expect(await ask(bus, `$SRV.PING.writer-json.${other.id}`)).toEqual([])
    const endpoint = { name: 'state', subject: `$SRV.STATS.writer-json.${first.id}`, queue_group: '' }
    expect(await ask(bus, `$SRV.INFO.writer-json.${first.id}`)).toEqual([
      { type: 'io.nats.micro.v1.info_response', ...head(first.id), description: 'JSON lines', endpoints: [{ ...endpoint, metadata: {} }] },
    ])
    const stats = { type: 'io.nats.micro.v1.stats_response', ...head(first.id), started: expect.stringMatching(/^\d{4}-.*Z$/) }
    const counts = { num_errors: 0, last_error: '', processing_time: expect.any(Number), average_processing_time: expect.any(Number) }
    for (const requests of [0, 1])
      expect(await ask(bus, `$SRV.STATS.writer-json.${first.id}`)).toEqual([
        { ...stats, endpoints: [{ ...endpoint, ...counts, num_requests: requests, data: { partitions: [0, 2] } }] },
      ])
  })

  it('says by header when its state cannot be told, and goes on answering', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    let broken = true
    await using service = writer(bus, {
      state: () => {
        if (broken) throw new Error('no state\nyet')
        return 'here'
      },
    })
    const subject = `$SRV.STATS.writer-json.${service.id}`
    const { headers } = await bus.connection.request(subject)
    expect([headers?.get('Nats-Service-Error-Code'), headers?.get('Nats-Service-Error')]).toEqual(['500', 'Error: no state yet'])
    broken = false
    expect(await ask(bus, subject)).toMatchObject([{ endpoints: [{ data: 'here', num_errors: 1, last_error: 'Error: no state\nyet' }] }])
  })

  it('answers again after a restart of the server, and no more after close', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await using service = writer(bus)
    await nats.kill()
    await waitFor('the loss', () => bus.state === 'disconnected')
    await nats.start()
    const asking = await nats.bus()
    await waitFor('an answer', async () => (await ask(asking, '$SRV.PING.writer-json')).length === 1)
    await service.close()
    await service.close()
    expect(await ask(asking, '$SRV.PING')).toEqual([])
  })
})

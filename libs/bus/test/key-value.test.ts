import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { openKeyValue } from '../src/key-value.ts'
import { TestNats } from './support/test-nats.ts'

const numbers = { bucket: 'numbers', parse: (value: unknown) => (typeof value === 'number' ? value : undefined) }

describe('openKeyValue', () => {
  it('keeps values over a restart of the server, lists them, and knows what was deleted', async () => {
    await using nats = await TestNats.start()
    const bucket = await openKeyValue(await nats.bus(), numbers)
    expect((await bucket.all()).size).toBe(0)
    await bucket.put('a', 1)
    await bucket.put('b', 2)
    await bucket.put('a', 3)
    await bucket.delete('b')
    await nats.kill()
    await nats.start()
    const again = await openKeyValue(await nats.bus(), numbers)
    expect([...(await again.all())]).toEqual([['a', 3]])
    expect([await again.get('b'), await again.isKnown('b'), await again.isKnown('c')]).toEqual([undefined, true, false])
  })

  it('tells what is there and then every change, passing over what is no such value', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const bucket = await openKeyValue(bus, numbers)
    const texts = await openKeyValue(bus, { bucket: 'numbers', parse: (value) => value as string })
    await bucket.put('a', 1)
    await texts.put('x', 'no number')
    const seen: string[] = []
    const stop = new AbortController()
    const watching = (async () => {
      for await (const { key, value } of bucket.watch(stop.signal)) seen.push(`${key} ${value}`)
    })()
    await waitFor('what is there', () => seen.length === 2)
    await bucket.put('a', 2)
    await bucket.delete('a')
    await waitFor('the changes', () => seen.length === 4)
    expect(seen).toEqual(['a 1', 'x undefined', 'a 2', 'a undefined'])
    stop.abort()
    await watching
  })
  it('lists all or nothing: a connection that is closed meanwhile gives no short list', async () => {
    await using nats = await TestNats.start()
    const KEYS = 2_000
    const bucket = await openKeyValue(await nats.bus(), numbers)
    await Promise.all(Array.from({ length: KEYS }, (_, n) => bucket.put(`k${n}`, n)))
    const lengths = new Set<number | 'refused'>()
    for (let afterMs = 0; afterMs < 40; afterMs += 2) {
      const bus = await nats.bus()
      const listed = openKeyValue(bus, numbers)
        .then((it) => it.all())
        .then(
          (all) => all.size,
          () => 'refused' as const,
        )
      await sleep(afterMs)
      await bus.connection.close()
      lengths.add(await listed)
    }
    expect(lengths).toContain('refused')
    expect([...lengths].filter((length) => length !== 'refused' && length !== KEYS)).toEqual([])
  })
})

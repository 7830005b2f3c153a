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
})

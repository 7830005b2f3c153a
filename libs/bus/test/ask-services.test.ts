import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { askServices } from '../src/ask-services.ts'
import { serveMicro } from '../src/micro-service.ts'
import { TestNats } from './support/test-nats.ts'

const as = (name: string, state: () => unknown) => ({ name, version: '1.0.0', description: name, metadata: { of: name }, state })

describe('askServices', () => {
  it('gives what each replica says of itself, of one service or of all, and nothing where nobody answers', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    expect(await askServices(bus)).toEqual([])
    await using one = serveMicro({ bus, ...as('writer', () => ({ ticks: 1 })) })
    await using two = serveMicro({ bus: await nats.bus(), ...as('writer', () => ({ ticks: 2 })) })
    await using keeper = serveMicro({ bus, ...as('keeper', () => 'keeping') })
    await waitFor('all three', async () => (await askServices(bus)).length === 3)
    const writers = (await askServices(bus, 'writer')).toSorted((a, b) => JSON.stringify(a.data).localeCompare(JSON.stringify(b.data)))
    expect(writers).toEqual([
      { name: 'writer', id: one.id, metadata: { of: 'writer' }, data: { ticks: 1 } },
      { name: 'writer', id: two.id, metadata: { of: 'writer' }, data: { ticks: 2 } },
    ])
    expect(await askServices(bus, 'keeper')).toMatchObject([{ id: keeper.id, data: 'keeping' }])
    expect(await askServices(bus, 'nobody')).toEqual([])
  })

  it('passes over who cannot tell its state, and answers that are none of the protocol', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    const broken = () => {
      throw new Error('broken')
    }
    await using _broken = serveMicro({ bus, ...as('odd', broken) })
    bus.connection.subscribe('$SRV.STATS.odd', { callback: (_, message) => void message.respond('nonsense') })
    await using sound = serveMicro({ bus, ...as('odd', () => 1) })
    await waitFor('the sound one alone', async () => {
      const found = await askServices(bus, 'odd')
      return found.length === 1 && found[0]?.id === sound.id
    })
  })
})

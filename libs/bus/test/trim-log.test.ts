import { describe, expect, it } from '@jest/globals'
import { askTrim, serveTrim, TRIM_LOG } from '../src/trim-log.ts'
import { TestNats } from './support/test-nats.ts'
import { testPublisher } from './support/test-publisher.ts'

describe('who is asked to trim', () => {
  it('says what is wrong with the request, and that nobody answers', async () => {
    await using nats = await TestNats.start()
    const bus = await nats.bus()
    await expect(askTrim(bus, 1)).rejects.toMatchObject({ code: 'IBS_BUS_NO_ANSWER' })
    await using publisher = await testPublisher(bus, nats.spoolFolder)
    using _ = serveTrim(bus, publisher)
    await expect(askTrim(bus, 0)).rejects.toMatchObject({
      code: 'IBS_BUS_REQUEST_INVALID',
      message: 'IBS_BUS_REQUEST_INVALID: belowSeq is 0; send a sequence of the log',
    })
    expect((await bus.connection.request(TRIM_LOG, 'all of it')).json()).toMatchObject({ ok: false })
  })
})

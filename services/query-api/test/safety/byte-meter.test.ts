import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from '@jest/globals'
import { ByteMeter } from '../../src/safety/byte-meter.ts'

/** What the meter looks at of a socket; the real ones are in access.test.ts. */
const socket = () => Object.assign(new EventEmitter(), { bytesWritten: 0 }) as unknown as Socket & { bytesWritten: number }

test('who had more than a minute’s bytes waits for as long as it owes; others do not', () => {
  let nowMs = 0
  const meter = new ByteMeter(100, () => nowMs)
  const [mine, other] = [socket(), socket()]
  expect(meter.begin(mine, 'me')).toBe(0)
  mine.bytesWritten = 7_000
  nowMs = 10
  expect(meter.begin(other, 'you')).toBe(0)
  nowMs = 1_000
  expect(meter.begin(socket(), 'me')).toBe(9_990 + 20) // 1,000 owed and one to come, less what came back since it was looked at
  nowMs = 20_000
  expect(meter.begin(mine, 'me')).toBe(0)
})

test('a stream counts while it runs, a closed connection to its last byte, a connection that changes hands for each by what was sent to it', () => {
  let nowMs = 0
  const meter = new ByteMeter(1, () => nowMs)
  const shared = socket()
  meter.begin(shared, 'first')
  shared.bytesWritten = 1_000
  expect(meter.begin(shared, 'second')).toBe(0)
  expect(meter.begin(socket(), 'first')).toBeGreaterThan(0)
  const gone = socket()
  nowMs = 300
  meter.begin(gone, 'third')
  gone.bytesWritten = 500
  gone.emit('close')
  expect(meter.begin(socket(), 'third')).toBeGreaterThan(400_000)
  expect(meter.begin(shared, 'second')).toBe(0)
})

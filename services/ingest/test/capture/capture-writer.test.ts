import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { US_PER_HOUR } from '@ib-stream/model'
import { openClock } from '@ib-stream/service'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { CaptureWriter } from '../../src/capture/capture-writer.ts'
import { type CapturedConnection, capturedConnections, readCapture } from '../../src/capture/read-capture.ts'
import { frame } from '../gateway-proxy.ts'

let folder = ''
let nowMs = 0
const trouble: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ibs-capture-'))
  nowMs = 1_753_884_000_000
  trouble.length = 0
})
afterEach(() => rmSync(folder, { recursive: true }))

function open(maxBytes = 2 ** 30): CaptureWriter {
  const ports = { wallMs: () => nowMs, monotonicMs: () => nowMs }
  const clock = openClock({ ports, virtual: { startMs: nowMs, originMs: nowMs, rate: 1 } })
  return new CaptureWriter({ folder, maxBytes, clock, onTrouble: (reason) => trouble.push(reason) })
}

const paths = () =>
  readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))

async function connections(): Promise<CapturedConnection[]> {
  const found: CapturedConnection[] = []
  for await (const connection of capturedConnections(readCapture(paths()))) found.push(connection)
  return found
}

const ADDRESS = { host: '127.0.0.1', port: 4002 }

describe('CaptureWriter', () => {
  it('keeps each frame as it came with the time of its last byte, requests, and where connections begin', async () => {
    const capture = open()
    capture.opened(ADDRESS)
    const [hello, tick] = [frame('193', 'now'), frame(99, 7, 1, 1753884000, 'é', '')]
    capture.received(Buffer.concat([hello, tick.subarray(0, 5)]))
    capture.sent(['97', '7', '8314'].join('\0'))
    nowMs += 250
    capture.received(tick.subarray(5))
    capture.ended('over')
    capture.opened(ADDRESS)
    capture.received(hello)
    await capture.close()
    const startUs = 1_753_884_000_000_000
    const at = (offsetUs: number, fields: string[]) => ({ atUs: expect.closeTo(startUs + offsetUs, -2), fields })
    expect(await connections()).toEqual([
      {
        isWhole: true,
        frames: [at(0, ['193', 'now']), at(250_000, ['99', '7', '1', '1753884000', 'é', ''])],
        sent: [['97', '7', '8314']],
      },
      { isWhole: true, frames: [at(250_000, ['193', 'now'])], sent: [] },
    ])
    expect(trouble).toEqual([])
  })

  it('begins a new file each hour at the end of a frame, and the connection goes on in it', async () => {
    const capture = open()
    capture.opened(ADDRESS)
    const ticks = Array.from({ length: 6 }, (_, i) => frame(99, i))
    const stream = Buffer.concat(ticks)
    capture.received(stream.subarray(0, 10))
    nowMs += US_PER_HOUR / 1_000
    capture.received(stream.subarray(10, 30)) // ends two frames and begins one
    capture.received(stream.subarray(30))
    await capture.close()
    expect(paths()).toHaveLength(2)
    const [connection, ...others] = await connections()
    expect([connection?.frames.map(({ fields }) => fields[1]), others]).toEqual([['0', '1', '2', '3', '4', '5'], []])
    const second: CapturedConnection[] = []
    for await (const one of capturedConnections(readCapture(paths().slice(1)))) second.push(one)
    expect(second.map(({ isWhole, frames }) => [isWhole, frames.map(({ fields }) => fields[1])])).toEqual([[false, ['3', '4', '5']]])
  })

  it('drops the oldest files beyond the bound, and never the newest', async () => {
    const capture = open(1)
    for (let hour = 0; hour < 3; hour++) {
      capture.opened(ADDRESS)
      capture.received(frame(99, hour))
      capture.received(frame(99, hour, 'more'))
      nowMs += US_PER_HOUR / 1_000
    }
    await capture.close()
    expect(paths()).toHaveLength(1)
  })

  it('gives what can be read of a file that a crash has cut, and refuses what is no capture', async () => {
    const capture = open()
    capture.opened(ADDRESS)
    for (let i = 0; i < 5_000; i++) capture.received(frame(99, i, Math.sin(i)))
    await capture.close()
    const [path = ''] = paths()
    const whole = readFileSync(path)
    writeFileSync(path, whole.subarray(0, Math.floor(whole.length * 0.7)))
    const [connection] = await connections()
    const read = connection?.frames.map(({ fields }) => Number(fields[1])) ?? []
    expect(read.length).toBeGreaterThan(0)
    expect(read).toEqual(read.map((_, i) => i))
    writeFileSync(path, 'no zstd at all')
    await expect(connections()).rejects.toThrow(path)
  })

  it('says once that it cannot write, and goes on', async () => {
    const capture = open()
    rmSync(folder, { recursive: true })
    capture.opened(ADDRESS)
    await waitFor('it is told', () => trouble.length > 0)
    expect(trouble).toEqual([expect.stringContaining('ENOENT')])
    await capture.close()
    folder = mkdtempSync(join(tmpdir(), 'ibs-capture-'))
  })

  it('regression: a disk that took nothing got a new file for every record, and what came later could not be read', async () => {
    const capture = open()
    rmSync(folder, { recursive: true })
    capture.opened(ADDRESS)
    await waitFor('it is told', () => trouble.length > 0)
    const ticks = Array.from({ length: 40 }, (_, i) => frame(99, i))
    for (const tick of ticks.slice(0, 20)) {
      capture.received(tick)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(trouble).toHaveLength(1)
    mkdirSync(folder)
    capture.received((ticks[20] ?? Buffer.of()).subarray(0, 6))
    nowMs += 10_000
    const rest = Buffer.concat([(ticks[20] ?? Buffer.of()).subarray(6), ...ticks.slice(21)])
    capture.received(rest.subarray(0, 40))
    capture.received(rest.subarray(40))
    await capture.close()
    expect(paths()).toHaveLength(1)
    const [connection, ...others] = await connections()
    expect([connection?.isWhole, others]).toEqual([false, []])
    const read = connection?.frames.map(({ fields }) => Number(fields[1])) ?? []
    expect(read.at(-1)).toBe(39)
    expect(read).toEqual(read.map((_, i) => i + 40 - read.length))
    expect(read.length).toBeGreaterThan(10)
  })
})

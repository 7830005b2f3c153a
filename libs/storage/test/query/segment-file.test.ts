import { readdir, readlink, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { encodeTickJson } from '../../src/codec/json.ts'
import { tickAt } from '../arbitrary-tick.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { all, CID, ENCODE, fileOf, HOUR_US, open, put, putTicks, quotes, record, second } from './range-on-disk.ts'

describe('damage', () => {
  it('inside committed bytes is an error that says where', async () => {
    await using at = await temporaryDataDir()
    for (const backend of ['json', 'pb'] as const) {
      const ticks = quotes(5)
      await record(at.dataDir, ticks, backend)
      const path = fileOf(tickAt(0, { ts: HOUR_US }), backend)
      const records = ticks.map((tick) => ENCODE[backend](tick))
      const offset = (records[0]?.length ?? 0) + (records[1]?.length ?? 0)
      const damaged = Buffer.concat(records)
      damaged.fill(0, offset + 3, offset + 20)
      await writeFile(join(at.dataDir, path), damaged)
      await using range = await open(at.dataDir, { backends: [backend] })
      await expect(all(range)).rejects.toMatchObject({ code: 'IBS_STORAGE_RECORD_TORN', facts: { path, offset } })
    }
  })

  it('at the end of a file without a checkpoint is left out and told, for a cut at any byte of the last record', async () => {
    for (const backend of ['json', 'pb'] as const) {
      await using at = await temporaryDataDir()
      const ticks = quotes(3)
      const path = fileOf(tickAt(0, { ts: HOUR_US }), backend)
      const records = ticks.map((tick) => ENCODE[backend](tick))
      const whole = Buffer.concat(records.slice(0, 2))
      const last = records[2] ?? new Uint8Array(0)
      await put(at.dataDir, path, '')
      for (let cut = 1; cut < last.length; cut++) {
        await writeFile(join(at.dataDir, path), Buffer.concat([whole, last.subarray(0, cut)]))
        await using range = await open(at.dataDir)
        expect(await all(range)).toEqual(ticks.slice(0, 2))
        expect(range.damage).toEqual([{ path, offsetBytes: whole.length, records: 1, bytes: cut, reason: 'the file ends inside a record' }])
      }
    }
  })

  it('in the middle of a file without a checkpoint is left out and told', async () => {
    await using at = await temporaryDataDir()
    const ticks = quotes(3)
    const [first, , third] = ticks.map((tick) => encodeTickJson(tick))
    const path = fileOf(tickAt(0, { ts: HOUR_US }), 'json')
    const foreign = encodeTickJson(tickAt(1, { ts: second(1), cid: 7 }))
    await put(at.dataDir, path, Buffer.from(`${first}\nnonsense\n\xff\n${foreign}\n${third}\n`, 'latin1'))
    await using range = await open(at.dataDir)
    expect(await all(range)).toEqual([ticks[0], ticks[2]])
    expect(range.damage).toMatchObject([{ path, offsetBytes: (first?.length ?? 0) + 1, records: 3 }])
  })

  it('of a committed file that is too short is found before reading', async () => {
    await using at = await temporaryDataDir()
    await record(at.dataDir, quotes(5))
    const path = join(at.dataDir, fileOf(tickAt(0, { ts: HOUR_US }), 'json'))
    await writeFile(path, 'short')
    expect(await outcomeOf(open(at.dataDir))).toBe('IBS_STORAGE_CHECKPOINT_AHEAD')
    await rm(path)
    expect(await outcomeOf(open(at.dataDir))).toBe('IBS_STORAGE_CHECKPOINT_AHEAD')
  })
})

describe('ending early', () => {
  const openFiles = async (dataDir: string): Promise<number> => {
    const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
    return links.filter((link) => link.startsWith(dataDir)).length
  }

  it('throws the reason of the signal and leaves no file open', async () => {
    await using at = await temporaryDataDir()
    await putTicks(at.dataDir, [...quotes(3000), ...quotes(3000).map((tick) => ({ ...tick, tt: 'bid_ask', cid: 265598 }) as TickMessage)])
    await using range = await open(at.dataDir, { cids: [CID, 265598] })
    const abort = new AbortController()
    const reason = new Error('the user left')
    const reading = async () => {
      for await (const batch of range.batches({ batchTicks: 100, signal: abort.signal })) if (batch.length > 0) abort.abort(reason)
    }
    await expect(reading()).rejects.toBe(reason)
    expect(await openFiles(at.dataDir)).toBe(0)
    await expect(all(range, { signal: abort.signal })).rejects.toBe(reason)
  })

  it('leaves no file open when the reader goes away, and none of other hours while it stays', async () => {
    await using at = await temporaryDataDir()
    await putTicks(at.dataDir, quotes(100, 300))
    await using range = await open(at.dataDir)
    for await (const batch of range.batches({ batchTicks: 1 })) {
      expect(await openFiles(at.dataDir)).toBeLessThanOrEqual(1)
      if (batch[0] && batch[0].ts > second(7200)) break
    }
    expect(await openFiles(at.dataDir)).toBe(0)
  })

  it('says so when the range was closed, or a file removed or replaced since it was opened', async () => {
    await using at = await temporaryDataDir()
    const ticks = quotes(10)
    await putTicks(at.dataDir, ticks)
    const path = join(at.dataDir, fileOf(tickAt(0, { ts: HOUR_US }), 'json'))
    const range = await open(at.dataDir)
    await rename(path, `${path}.old`)
    expect(await outcomeOf(all(range))).toBe('IBS_STORAGE_SEGMENT_GONE')
    await writeFile(path, 'another')
    expect(await outcomeOf(all(range))).toBe('IBS_STORAGE_SEGMENT_GONE')
    await range.close()
    await range.close()
    expect(await outcomeOf(all(range))).toBe('IBS_STORAGE_CLOSED')
  })
})

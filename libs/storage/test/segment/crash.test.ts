import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from '@jest/globals'
import { openPartitionStore } from '../../src/segment/partition-store.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { filesAt } from './numbered-log.ts'

const LAST = 400

/** Runs a writer and kills it, as kill -9 does, when it has said so many lines; gives the last sequence that it said was committed. */
async function writeUntilKilled(dataDir: string, lines: number): Promise<number> {
  const child = spawn(process.execPath, [resolve(__dirname, 'crash-child.ts'), dataDir, String(LAST)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  let said = 0
  let committed = 0
  for await (const line of createInterface(child.stdout)) {
    committed = Number(line.split(' ')[1])
    if (++said === lines) child.kill('SIGKILL')
  }
  const [, signal] = await exit
  expect(signal).toBe(lines === Number.POSITIVE_INFINITY ? null : 'SIGKILL')
  return committed
}

async function contents(dataDir: string, paths: Iterable<string>): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const path of paths) files.set(path, await readFile(join(dataDir, path), 'utf8'))
  return files
}

describe('a writer process killed with SIGKILL', () => {
  it('leaves files that the next owner brings to a message boundary at or after the last commit, again and again until the end', async () => {
    await using at = await temporaryDataDir()
    const options = { dataDir: at.dataDir, backend: 'json', partition: 9, source: { spoolId: 'spool', source: 'simulator' } } as const
    for (const lines of [2, 7, 4, 13, 1, 9]) {
      const committed = await writeUntilKilled(at.dataDir, lines)
      await using store = await openPartitionStore(options) // the dead owner's lock is gone with it
      expect(store?.seq).toBeGreaterThanOrEqual(committed)
      const expected = filesAt(store?.seq ?? -1)
      expect(await contents(at.dataDir, expected.keys())).toEqual(expected)
    }
    expect(await writeUntilKilled(at.dataDir, Number.POSITIVE_INFINITY)).toBe(LAST)
    expect(await contents(at.dataDir, filesAt(LAST).keys())).toEqual(filesAt(LAST))
  }, 60_000)

  it('holds the partition against other processes while it lives', async () => {
    await using at = await temporaryDataDir()
    const options = { dataDir: at.dataDir, backend: 'json', partition: 9, source: { spoolId: 'spool', source: 'simulator' } } as const
    await using store = await openPartitionStore(options)
    expect(store).toBeDefined()
    const child = spawn(process.execPath, [resolve(__dirname, 'crash-child.ts'), at.dataDir, '1'], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (text) => {
      said += String(text)
    })
    const [status] = await once(child, 'exit')
    expect({ status, locked: said.includes('locked') }).toEqual({ status: 1, locked: true })
  })
})

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { findSegments } from '../../src/layout/find-segments.ts'

let dataDir = ''
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ibs-find-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(dataDir, path)), { recursive: true })
    await writeFile(join(dataDir, path), '')
  }
}

const at = (iso: string): number => Date.parse(iso) * 1000
const find = async (startUs: number, endUs: number, cids = [8314]) =>
  (await findSegments(dataDir, 'json', { cids, tts: ['last', 'bid_ask'], startUs, endUs })).map(({ path }) => path)

describe('findSegments', () => {
  it('gives the files of the hours that a range touches, the end left out', async () => {
    const paths = ['2024/12/31/23/8314_last_1735686000', '2025/01/01/00/8314_last_1735689600', '2025/01/01/01/8314_last_1735693200'].map(
      (name) => `json/${name}.jsonl`,
    )
    await put(...paths)
    expect(await find(at('2024-12-31T23:30:00Z'), at('2025-01-01T00:00:00Z'))).toEqual(paths.slice(0, 1))
    expect(await find(at('2024-12-31T23:59:59Z'), at('2025-01-01T00:00:00.001Z'))).toEqual(paths.slice(0, 2))
    expect(await find(at('2025-01-01T00:59:00Z'), at('2025-01-01T01:00:00Z'))).toEqual(paths.slice(1, 2))
    expect(await find(at('1990-01-01T00:00:00Z'), at('2100-01-01T00:00:00Z'))).toEqual(paths)
  })

  it('leaves out contracts that end in the same digits, other types, other backends and other names', async () => {
    await put(
      'json/2025/01/01/00/18314_last_1735689600.jsonl',
      'json/2025/01/01/00/8314_mid_point_1735689600.jsonl',
      'json/2025/01/01/00/8314_last_1735689600.pb',
      'json/2025/01/01/00/8314_last_1735689600.jsonl.tmp',
      'json/2025/01/01/notes/8314_last_1735689600.jsonl',
      'pb/2025/01/01/00/8314_last_1735689600.pb',
    )
    expect(await find(at('2025-01-01T00:00:00Z'), at('2025-01-02T00:00:00Z'))).toEqual([])
  })

  it('orders by hour, contract, tick type and stamp, and takes stamps of older recordings', async () => {
    const paths = [
      '00/8314_bid_ask_1735689600',
      '00/8314_bid_ask_1735689713',
      '00/8314_last_1735689600',
      '00/265598_last_1735689600',
      '01/8314_last_1735693200',
    ].map((name) => `json/2025/01/01/${name}.jsonl`)
    await put(...paths.toReversed())
    expect(await find(at('2025-01-01T00:00:00Z'), at('2025-01-02T00:00:00Z'), [8314, 265598])).toEqual(paths)
  })

  it('follows no link, for a folder or a file that the range asks for', async () => {
    await put('outside/8314_last_1735689600.jsonl', 'json/2025/01/01/02/8314_last_1735696800.jsonl')
    await symlink(join(dataDir, 'outside'), join(dataDir, 'json/2025/01/01/00'))
    const file = join(dataDir, 'json/2025/01/01/02/8314_last_1735696801.jsonl')
    await symlink(join(dataDir, 'outside/8314_last_1735689600.jsonl'), file)
    for (const hour of ['00', '02'])
      await expect(find(at(`2025-01-01T${hour}:00:00Z`), at(`2025-01-01T${hour}:30:00Z`))).rejects.toMatchObject({
        code: 'IBS_STORAGE_LINK_REFUSED',
      })
    await rm(join(dataDir, 'json/2025/01/01/00'))
    await rm(file)
    expect(await find(at('2025-01-01T00:00:00Z'), at('2025-01-02T00:00:00Z'))).toHaveLength(1)
  })

  it('finds nothing where there is nothing', async () => {
    expect(await find(0, at('2100-01-01T00:00:00Z'))).toEqual([])
    expect(await find(5, 5)).toEqual([])
  })
})

import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Content, sumOf } from '../../src/repair/content.ts'
import { replaceFile } from '../../src/repair/replace-file.ts'
import { outcomeOf } from '../data-dir.ts'
import { gatedDisk, systemError } from '../segment/failing-disk.ts'
import { MemoryDisk } from '../segment/memory-disk.ts'

const PATH = 'json/2025/07/30/16/8314_last_1753891200.jsonl'
const FOLDER = 'json/2025/07/30/16'
const OLD = 'damaged bytes'
const NEW = 'whole bytes, and more of them'

const content: Content = async function* () {
  yield Buffer.from(NEW.slice(0, 9))
  yield Buffer.from(NEW.slice(9))
}
const held = async () => undefined

/** A disk with a file that was there long ago. */
async function diskWith(text: string): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  await disk.makeFolder(FOLDER)
  await disk.write(PATH, Buffer.from(text), 0)
  await disk.syncFile(PATH)
  for (const folder of [FOLDER, 'json/2025/07/30', 'json/2025/07', 'json/2025', 'json', '']) await disk.syncFolder(folder)
  return disk
}

/** Replaces the file on a disk that dies at a step. @returns where the old one is kept; undefined where it died */
async function replaced(disk: MemoryDisk, diesAt: number): Promise<string | undefined> {
  let step = 0
  const dying = gatedDisk(disk, () => {
    if (++step >= diesAt) throw systemError('KILLED')
  })
  const work = replaceFile({ disk: dying, checkLocks: held }, 'json', PATH, { content, sum: await sumOf(content) })
  return work.catch(() => undefined)
}

const textOf = (disk: MemoryDisk, path: string): string => Buffer.from(disk.bytesOf(path) ?? []).toString()
const keptOn = (disk: MemoryDisk): string[] => disk.paths().filter((path) => /damaged.*@[0-9a-f]{8}$/.test(path))

describe('replacing a file', () => {
  it('property: killed or without power at any step leaves the old file or the new one, and the old one beside where it is the new one', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.option(fc.array(fc.constantFrom('old' as const, 'new' as const, 'torn' as const), { minLength: 1, maxLength: 12 }), {
          nil: undefined,
        }),
        async (diesAt, fates) => {
          const disk = await diskWith(OLD)
          const keptIn = await replaced(disk, diesAt)
          let asked = 0
          if (fates) disk.powerCut(() => fates[asked++ % fates.length] ?? 'old')
          const now = textOf(disk, PATH)
          seen.add(`${now} ${keptIn === undefined ? 'killed' : 'done'}`)
          if (keptIn !== undefined) expect(now).toBe(NEW)
          expect([OLD, NEW]).toContain(now)
          if (now === NEW) expect(keptOn(disk).map((path) => textOf(disk, path))).toEqual([OLD])
          if (now === NEW) return
          await replaced(disk, Number.POSITIVE_INFINITY)
          disk.powerCut(() => 'old')
          expect([textOf(disk, PATH), ...keptOn(disk).map((path) => textOf(disk, path))]).toEqual([NEW, OLD])
        },
      ),
      { numRuns: 2000 },
    )
    expect(seen).toEqual(new Set([`${OLD} killed`, `${NEW} killed`, `${NEW} done`]))
  })

  it('makes a file that was missing, with its folders, to stay', async () => {
    const disk = new MemoryDisk()
    expect(await replaced(disk, Number.POSITIVE_INFINITY)).toBeUndefined() // there was nothing to keep
    disk.powerCut(() => 'old')
    expect(textOf(disk, PATH)).toBe(NEW)
  })

  it('keeps every damaged version under a name of its own', async () => {
    const disk = await diskWith(OLD)
    await replaced(disk, Number.POSITIVE_INFINITY)
    await disk.writeText(PATH, 'damaged again')
    await replaced(disk, Number.POSITIVE_INFINITY)
    expect(new Set(keptOn(disk).map((path) => textOf(disk, path)))).toEqual(new Set([OLD, 'damaged again']))
  })

  it('replaces nothing where the disk gives back other bytes than it took', async () => {
    const disk = await diskWith(OLD)
    const forgetful = gatedDisk(disk, () => undefined)
    const write = forgetful.write
    forgetful.write = (path, bytes, at) =>
      write(
        path,
        bytes.map((byte) => (path.includes('/repair/') ? byte ^ 1 : byte)),
        at,
      )
    const work = replaceFile({ disk: forgetful, checkLocks: held }, 'json', PATH, { content, sum: await sumOf(content) })
    expect(await outcomeOf(work)).toBe('IBS_STORAGE_REPAIR_UNSURE')
    expect(textOf(disk, PATH)).toBe(OLD)
  })

  it("replaces nothing once its lock is somebody else's", async () => {
    const disk = await diskWith(OLD)
    const checkLocks = () => Promise.reject(systemError('LOST'))
    expect(await outcomeOf(replaceFile({ disk, checkLocks }, 'json', PATH, { content, sum: await sumOf(content) }))).toBe('LOST')
    expect(textOf(disk, PATH)).toBe(OLD)
  })
})

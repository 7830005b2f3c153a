import { describe, expect, it } from '@jest/globals'
import { surveyCache } from '../../src/query/survey-cache.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { openedFile } from './opened-file.ts'
import { quotes } from './range-on-disk.ts'

const survey = (surveyedBytes: number) => ({ sorted: true, plain: true, stretches: [], surveyedBytes, lastTs: 1, lastSt: 1 })

describe('what is remembered of a file', () => {
  it('is given for the same file, as a copy', async () => {
    await using at = await temporaryDataDir()
    await using file = await openedFile(at.dataDir, quotes(3))
    expect(surveyCache.take(file)).toBeUndefined()
    surveyCache.keep(file, survey(5))
    const taken = surveyCache.take(file)
    expect(taken).toEqual(survey(5))
    taken?.stretches.push({ fromBytes: 0, toBytes: 1, count: 1, minTs: 0, maxTs: 0 })
    expect(surveyCache.take(file)).toEqual(survey(5))
    surveyCache.forget(file)
    expect(surveyCache.take(file)).toBeUndefined()
  })

  it.each([
    ['has another number', { inode: 1 }],
    ['was born at another time: the number was given out again', { bornMs: 1 }],
    ['is shorter', { bytes: 4 }],
    ['was changed, and nothing vouches for it', { modifiedMs: 1 }],
  ])('is forgotten where the file %s', async (_what, other) => {
    await using at = await temporaryDataDir()
    await using file = await openedFile(at.dataDir, quotes(3))
    surveyCache.keep(file, survey(5))
    const changed = { ...file, read: { ...file.read, ...other } }
    expect(surveyCache.take(changed)).toBeUndefined()
    expect(surveyCache.take(file)).toBeUndefined() // whoever has the old one surveys it anew
  })

  it('is good for a file that grew under a checkpoint', async () => {
    await using at = await temporaryDataDir()
    await using file = await openedFile(at.dataDir, quotes(3))
    surveyCache.keep(file, survey(5))
    expect(surveyCache.take({ ...file, read: { ...file.read, committed: true, modifiedMs: 1, bytes: 9_999 } })).toEqual(survey(5))
  })
})

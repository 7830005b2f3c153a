import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { surveyOf } from '../../src/query/survey.ts'
import { tickAt } from '../arbitrary-tick.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { openAgain, openedFile } from './opened-file.ts'
import { fileOf, putTicks, quotes, second } from './range-on-disk.ts'

describe('a survey', () => {
  it('says of each stretch where it lies, how many ticks it has and of which time; together they are the file', async () => {
    await using at = await temporaryDataDir()
    const ticks = quotes(3_600)
    await using file = await openedFile(at.dataDir, ticks)
    const { sorted, plain, stretches } = await surveyOf(file)
    expect({ sorted, plain }).toEqual({ sorted: true, plain: true })
    expect(stretches.length).toBeGreaterThan(2)
    expect(stretches[0]).toMatchObject({ fromBytes: 0, minTs: second(0) })
    expect(stretches.at(-1)).toMatchObject({ toBytes: file.read.bytes, maxTs: second(3_599) })
    for (const [i, { fromBytes }] of stretches.entries()) expect(fromBytes).toBe(stretches[i - 1]?.toBytes ?? 0)
    expect(stretches.reduce((sum, { count }) => sum + count, 0)).toBe(ticks.length)
  })

  it('sees a late tick, also where only what was added since the last look is looked at', async () => {
    await using at = await temporaryDataDir()
    const ticks = quotes(10)
    {
      await using file = await openedFile(at.dataDir, ticks)
      Object.assign(file.read, { committed: true })
      expect((await surveyOf(file)).sorted).toBe(true)
    }
    await putTicks(at.dataDir, [tickAt(3, { ts: second(3), st: second(999) })])
    await using grown = await openAgain(at.dataDir, ticks)
    Object.assign(grown.read, { committed: true })
    const survey = await surveyOf(grown)
    expect(survey).toMatchObject({ sorted: false, plain: true })
    expect(survey.stretches.map(({ count }) => count)).toEqual([10, 1])
  })

  it('reads the stamps of another spelling, says that it is one, and leaves out what is no tick', async () => {
    await using at = await temporaryDataDir()
    const ticks = quotes(2)
    await putTicks(at.dataDir, ticks)
    const odd = { ...ticks[1], ts: second(7) }
    const path = join(at.dataDir, fileOf(ticks[0] ?? tickAt(0, { ts: second(0) }), 'json'))
    await appendFile(path, `${JSON.stringify(odd, Object.keys(odd).reverse())}\nrubbish\n`)
    await using file = await openAgain(at.dataDir, ticks)
    const survey = await surveyOf(file)
    expect(survey.plain).toBe(false)
    expect(survey.stretches).toMatchObject([{ count: 3, maxTs: second(7) }])
  })
})

import { expect, it } from '@jest/globals'
import { encoded, loadPage } from '../../src/page/page-files.ts'

/** CPU time, which a machine with other work does not stretch. */
function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1_000
}

it('regression: does not take a second to compress the page for the first one who opens it', async () => {
  const atFirst = process.cpuUsage()
  const { files, index } = loadPage()
  const loadMs = cpuMs(atFirst)
  const loaded = process.cpuUsage()
  const sent = await Promise.all([index, ...files.values()].map((file) => encoded(file, 'zstd')))
  expect(sent.reduce((bytes, { length }) => bytes + length, 0)).toBeLessThan(200_000)
  // about 1.5 times as long as to read the files and strip their types; with zstd at level 12 it is ten times as long
  expect(cpuMs(loaded)).toBeLessThan(5 * loadMs)
})

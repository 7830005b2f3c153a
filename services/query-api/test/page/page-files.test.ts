import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import { expect, it } from '@jest/globals'
import { encoded, loadPage } from '../../src/page/page-files.ts'

const compress = promisify(zstdCompress)

/** CPU time, which a machine with other work does not stretch. */
function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1_000
}

it('regression: does not take a second to compress the page for the first one who opens it', async () => {
  const { files, index } = loadPage()
  const all = [index, ...files.values()]
  const begun = process.cpuUsage()
  const sent = await Promise.all(all.map((file) => encoded(file, 'zstd')))
  const tookMs = cpuMs(begun)
  expect(sent.reduce((bytes, { length }) => bytes + length, 0)).toBeLessThan(200_000)
  const begunHigh = process.cpuUsage()
  await Promise.all(all.map(({ bytes }) => compress(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 12 } })))
  expect(tookMs).toBeLessThan(cpuMs(begunHigh) / 2) // about a tenth
})

// Damaged records by the million, each codec: `node libs/storage/test/fuzz.ts [BLOCKS [SEED]]`. Ends with 1 and the bytes where one ends in neither a tick nor a typed error.
import { BACKENDS } from '../src/layout/backend.ts'
import { fuzzRecords } from './fuzz-records.ts'

const [blocks = 1_000_000, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number)
for (const backend of BACKENDS) {
  const startMs = performance.now()
  const counts = fuzzRecords(backend, { blocks, seed })
  const seconds = Number(((performance.now() - startMs) / 1000).toFixed(1))
  process.stdout.write(`${JSON.stringify({ backend, blocks, seed, ...counts, seconds })}\n`)
}

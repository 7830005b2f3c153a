// A process that fills some segments of a spool and trims all that is confirmed; a fail-point ends it on the way. `node trimming-child.ts FOLDER`
import { openSpool } from '../../src/spool.ts'

const folder = process.argv[2] ?? ''
await using spool = await openSpool(folder, { source: 'simulator', keptAfterAckMs: 0 })
for (let n = spool.end + 1; n <= 40; n++) {
  spool.append([{ n, subject: 'ticks.8314.last', payload: Buffer.alloc(1_000_000, 32) }])
  await spool.sync()
}
await spool.trim(40)

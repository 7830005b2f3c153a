/** Publishes the numbered tape up to `last`, going on where its spool ends, until it is killed. Run by fail-points.test.ts. */
import { connectBus } from '../../src/connection.ts'
import { openPublisher } from '../../src/publisher.ts'
import { linesIn, tickLine } from './lines.ts'

const [url = '', spoolFolder = '', last = '0'] = process.argv.slice(2)

async function main(): Promise<void> {
  await using bus = await connectBus({ url, name: 'child' })
  await using publisher = await openPublisher({ bus, spoolFolder, source: 'simulator', logMaxBytes: 100_000_000, mostSingles: 500 })
  const { lastRecord } = publisher.spool
  const spooled = lastRecord ? linesIn(lastRecord.payload).map((line) => (JSON.parse(line) as { st: number }).st) : [0]
  for (let st = Math.max(...spooled) + 1; st <= Number(last); st++) {
    publisher.add(tickLine(st))
    if (st % 3 === 0) await publisher.spooled()
    if (st % 12 === 0) await publisher.settled()
  }
  await publisher.settled()
}

await main()

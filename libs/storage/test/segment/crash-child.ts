/** A writer that follows the numbered log until it is killed; says each sequence that it has committed. Run by crash.test.ts. */
import { openPartitionStore } from '../../src/index.ts'
import { messageAt } from './numbered-log.ts'

const [dataDir = '', last = '0'] = process.argv.slice(2)

async function main(): Promise<void> {
  const store = await openPartitionStore({ dataDir, backend: 'json', partition: 9, source: { spoolId: 'spool', source: 'simulator' } })
  if (store === undefined) throw new Error('locked')
  process.stdout.write(`open ${store.seq}\n`)
  while (store.seq < Number(last)) {
    const { seq, newestStUs, parts } = messageAt(store.seq + 1)
    for (const { path, bytes } of parts) store.append(path, bytes)
    store.advance(seq, newestStUs)
    if (seq % 5 !== 0) continue
    await (seq % 25 === 0 ? store.commitDurable() : store.commitVisible())
    process.stdout.write(`committed ${seq}\n`)
  }
  await store.commitDurable()
  process.stdout.write(`committed ${store.seq}\n`)
  await store.close()
}

await main()

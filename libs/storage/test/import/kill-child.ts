/** An import that says each step forward; run, and killed, by kill.test.ts. */
import { importTicks } from '../../src/index.ts'

const [to = '', ...sources] = process.argv.slice(2)

async function main(): Promise<void> {
  const report = await importTicks({ sources, to, onProgress: ({ bytes }) => process.stdout.write(`at ${bytes}\n`) })
  process.stdout.write(`done ${report.faults}\n`)
}

await main()

// Readers beside writers for as long as wanted: `node libs/storage/test/beside/run.ts [SECONDS]`. Ends with an error that names the first answer that is wrong.
import { temporaryDataDir } from '../data-dir.ts'
import { readBesideWriters } from './beside.ts'

await using at = await temporaryDataDir()
process.stdout.write(`${JSON.stringify(await readBesideWriters(at.dataDir, Number(process.argv[2] ?? 60)))}\n`)

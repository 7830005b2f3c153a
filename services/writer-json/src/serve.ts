import { runMain, runWriter } from '@ib-stream/writer'
import { jsonLines } from './json-lines.ts'

await runMain('writer-json', () => runWriter('writer-json', jsonLines))

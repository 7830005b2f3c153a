import { runMain, runWriter } from '@ib-stream/writer'
import { protoMessages } from './proto-messages.ts'

await runMain('writer-proto', () => runWriter('writer-proto', protoMessages))

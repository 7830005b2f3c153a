import { runMain, runWriter } from '@ib-stream/writer'
import { parquetRows } from './parquet-rows.ts'

await runMain('writer-parquet', () => runWriter('writer-parquet', parquetRows))

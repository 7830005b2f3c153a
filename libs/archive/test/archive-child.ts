import { Archiver } from '../src/archiver.ts'
import { openS3, type S3Settings } from '../src/s3-store.ts'

const [dataDir = '', settings = ''] = process.argv.slice(2)
const { prefix, ...rest } = JSON.parse(settings) as S3Settings
const archiver = new Archiver({ dataDir, prefix, source: 'simulator', store: openS3({ prefix, ...rest }) })
const { failures } = await archiver.run(new AbortController().signal)
process.exitCode = failures.length

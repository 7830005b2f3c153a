import { replayCapture } from './replay-capture.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
process.exitCode = await replayCapture(process.argv.slice(2), stop.signal)

import { setFlagsFromString } from 'node:v8'

// SIGTERM counts from the first moment: while the service is being loaded there is nothing to finish, and once it listens itself this leaves it the word.
process.on('SIGTERM', () => {
  if (process.listenerCount('SIGTERM') === 1) process.exit(0)
})
// A heap that has to hold many waiting lines for a moment would be let grow to four times what they take before it is collected: 366 MB instead of 214 with 200,000 lines
// (docs/guides/measurements.md). Read at each collection, so it may be set here, for every way of starting.
setFlagsFromString('--heap-growing-percent=20')
await import('./serve.ts')

// SIGTERM counts from the first moment: while the service is being loaded there is nothing to finish, and once it listens itself this leaves it the word.
process.on('SIGTERM', () => {
  if (process.listenerCount('SIGTERM') === 1) process.exit(0)
})
await import('./serve.ts')

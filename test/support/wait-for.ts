const LOOK_EVERY_MS = 20

/** Resolves with the first value that is neither undefined nor false; fails with `what` at the deadline. */
export async function waitFor<T>(what: string, look: () => T | Promise<T>, deadlineMs = 20_000): Promise<Exclude<T, undefined | false>> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** IB's code in what a request was rejected with; undefined where it has none. */
export function codeIn(error: unknown): number | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'number' ? code : undefined
}

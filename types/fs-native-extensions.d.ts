/** Kernel locks of an open file description: they end with the process, whatever ends it. */
declare module 'fs-native-extensions' {
  /** @returns false when another open file description holds it */
  export function tryLock(fd: number, options?: { shared?: boolean }): boolean
  export function tryLock(fd: number, offset: number, length: number, options?: { shared?: boolean }): boolean
  export function unlock(fd: number, offset?: number, length?: number): void
}

export { type DiskCall, type Gate, gatedDisk } from '../../src/segment/gated-disk.ts'

/** What Node throws. */
export const systemError = (code: string): Error => Object.assign(new Error(`${code}: said the test`), { code })

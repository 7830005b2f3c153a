import type { Stats } from 'node:fs'

/** Which file it is that has a name. The number of one that was removed goes to the next that is made, so its birth says whether it is another. */
export interface FileIdentity {
  inode: number
  /** When it was made, ms since 1970; 0 where the file system does not say. */
  bornMs: number
}

export const identityOf = ({ ino, birthtimeMs }: Stats): FileIdentity => ({ inode: ino, bornMs: birthtimeMs })

export const isSameFile = (a: FileIdentity, b: FileIdentity): boolean => a.inode === b.inode && a.bornMs === b.bornMs

import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename, rm, rmdir, stat, truncate } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { codeOf } from '@ib-stream/model'
import { isMissing } from '../errors.ts'
import { assertInside } from '../layout/list-folder.ts'
import { readAt } from './read-at.ts'

/** All that a partition's owner does to a disk, one method an effect; paths are relative to DATA_DIR with `/`, '' is DATA_DIR itself. */
export interface Disk {
  /** Size in bytes; undefined where there is no such file. */
  size(path: string): Promise<number | undefined>
  /** Text of a small file; undefined where there is none. */
  readText(path: string): Promise<string | undefined>
  /** Bytes of a file from a place on; fewer than asked for only where it ends. */
  read(path: string, offsetBytes: number, lengthBytes: number): Promise<Uint8Array>
  /** Makes a folder and what is missing above it. */
  makeFolder(path: string): Promise<void>
  /** Writes all of `bytes` at a place; makes the file where it is missing, never its folder. */
  write(path: string, bytes: Uint8Array, offsetBytes: number): Promise<void>
  /** A whole small file anew. */
  writeText(path: string, text: string): Promise<void>
  truncate(path: string, lengthBytes: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Removes a file that may be missing. */
  remove(path: string): Promise<void>
  /** Removes a folder that is empty; false where it is not, or is not there. */
  removeFolder(path: string): Promise<boolean>
  /** fdatasync: data and size. */
  syncFile(path: string): Promise<void>
  /** fsync of a folder: the names in it. */
  syncFolder(path: string): Promise<void>
}

/** Folders whose names must be durable before a file at `path` is: its own, and all above it up to DATA_DIR (''). */
export function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return ['', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))].reverse()
}

/** The disk under DATA_DIR. */
export function nodeDisk(dataDir: string): Disk {
  const at = (path: string) => resolve(dataDir, path)
  return {
    size: (path) => orMissing(stat(at(path)).then(({ size }) => size)),
    readText: (path) => orMissing(readFile(at(path), 'utf8')),
    read: (path, offsetBytes, lengthBytes) => withHandle(at(path), 'r', (handle) => readAt(handle, offsetBytes, lengthBytes)),
    makeFolder: (path) => makeFolder(dataDir, path),
    write: (path, bytes, offsetBytes) => withHandle(at(path), O_WRITE_CREATE, (handle) => writeAll(handle, bytes, offsetBytes)),
    writeText: (path, text) => withHandle(at(path), 'w', (handle) => writeAll(handle, Buffer.from(text), 0)),
    truncate: (path, lengthBytes) => truncate(at(path), lengthBytes),
    rename: (from, to) => rename(at(from), at(to)),
    remove: (path) => rm(at(path), { force: true }),
    removeFolder: (path) => removeFolder(at(path)),
    syncFile: (path) => withHandle(at(path), 'r', (handle) => handle.datasync()),
    syncFolder: (path) => withHandle(at(path), 'r', (handle) => handle.sync()),
  }
}

// O_WRONLY | O_CREAT without O_APPEND: under Linux O_APPEND makes pwrite ignore its position
const O_WRITE_CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW

/** What `writeAll` needs of a file handle. */
export interface Writable {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>
}

/** Writes until all is written; one pwrite may take less than it was given. A call that takes nothing would never end and is an error. */
export async function writeAll(handle: Writable, bytes: Uint8Array, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offsetBytes + done)
    if (bytesWritten === 0) throw Object.assign(new Error('write took no byte'), { code: 'EIO' })
    done += bytesWritten
  }
}

/** Folders under DATA_DIR are made durable by whoever puts a file there; DATA_DIR itself and what was missing above it at once, here. */
async function makeFolder(dataDir: string, folder: string): Promise<void> {
  const path = resolve(dataDir, folder)
  const firstMade = await mkdir(path, { recursive: true })
  await assertInside(resolve(dataDir), folder)
  if (firstMade === undefined) return
  for (let made = resolve(dataDir); made.length >= firstMade.length; made = dirname(made)) {
    await withHandle(dirname(made), 'r', (handle) => handle.sync())
  }
}

async function removeFolder(path: string): Promise<boolean> {
  try {
    await rmdir(path)
    return true
  } catch (error) {
    if (isMissing(error) || ['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(codeOf(error) ?? '')) return false
    throw error
  }
}

async function withHandle<Result>(path: string, flags: string | number, use: (handle: FileHandle) => Promise<Result>): Promise<Result> {
  const handle = await open(path, flags)
  try {
    return await use(handle)
  } finally {
    await handle.close()
  }
}

async function orMissing<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

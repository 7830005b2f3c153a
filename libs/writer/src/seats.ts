import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { tryLock } from 'fs-native-extensions'

/**
 * The replicas of one backend share its partitions by seats: each holds the lock of one file, and with n seats taken the one of rank r owns every
 * partition p with p % n = r. No clock and no messages: a dead replica's seat is free at once. A wrong count costs only balance; the partitions' own locks
 * keep two from writing.
 */
export interface Seat extends AsyncDisposable {
  /** Seats taken now, ours among them, and our rank there from 0. */
  look(): Promise<{ taken: number; rank: number }>
  close(): Promise<void>
}

/** Takes the first free seat in `folder`. */
export async function takeSeat(folder: string): Promise<Seat> {
  await mkdir(folder, { recursive: true })
  for (let number = 0; ; number++) {
    const handle = await open(join(folder, String(number)), 'a+')
    if (tryLock(handle.fd)) return new HeldSeat(folder, number, handle)
    await handle.close()
  }
}

class HeldSeat implements Seat {
  #folder: string
  #number: number
  #handle: FileHandle
  #closing: Promise<void> | undefined

  constructor(folder: string, number: number, handle: FileHandle) {
    this.#folder = folder
    this.#number = number
    this.#handle = handle
  }

  async look(): Promise<{ taken: number; rank: number }> {
    const numbers = (await readdir(this.#folder)).map(Number).filter(Number.isInteger)
    const others = await Promise.all(numbers.filter((number) => number !== this.#number).map((number) => this.#isTaken(number)))
    const taken = [this.#number, ...others.filter((number) => number !== undefined)].sort((a, b) => a - b)
    return { taken: taken.length, rank: taken.indexOf(this.#number) }
  }

  /** A shared lock fails exactly while its holder lives, and two that look at once do not see each other. */
  async #isTaken(number: number): Promise<number | undefined> {
    await using handle = await open(join(this.#folder, String(number)), 'r')
    return tryLock(handle.fd, { shared: true }) ? undefined : number
  }

  close(): Promise<void> {
    this.#closing ??= this.#handle.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

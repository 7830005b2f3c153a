/** Bytes for the files, in memory, up to the last message boundary and beyond it. */
export interface Cut {
  /** Last log sequence and newest `st` of the bytes below. */
  seq: number
  newestStUs: number
  /** Bytes of whole messages for each file. They stay as they are until the cut is dropped, whatever is appended meanwhile. */
  writes: readonly FileWrite[]
}

/** Bytes to add to a file, and the first and last log sequence of the messages that they came with. */
export interface FileWrite {
  path: string
  bytes: Uint8Array
  firstSeq: number
  lastSeq: number
}

interface FileBytes {
  path: string
  buffer: Uint8Array
  used: number
  /** How much of it belongs to whole messages. */
  whole: number
  /** Log sequences of these messages: first of all, first after the last cut, last; 0 before there is one. */
  firstSeq: number
  firstSeqAfterCut: number
  lastSeq: number
}

const FIRST_BUFFER_BYTES = 4096

/** Collects what commits will write. Has no bound of its own: the store refuses what would be too much. */
export class PendingBytes {
  seq: number
  newestStUs: number
  /** All bytes held, those of the message being taken included. */
  bytes = 0
  readonly #files = new Map<string, FileBytes>()
  readonly #touched = new Set<FileBytes>()

  constructor(start: { seq: number; newestStUs: number }) {
    this.seq = start.seq
    this.newestStUs = start.newestStUs
  }

  /** True while bytes were appended that no message boundary closed yet. */
  get insideMessage(): boolean {
    return this.#touched.size > 0
  }

  has(path: string): boolean {
    return this.#files.has(path)
  }

  /** Copies the bytes. */
  append(path: string, bytes: Uint8Array): void {
    const file = this.#fileFor(path)
    const used = file.used + bytes.length
    if (used > file.buffer.length) file.buffer = grown(file.buffer, file.used, used)
    file.buffer.set(bytes, file.used)
    file.used = used
    this.bytes += bytes.length
    this.#touched.add(file)
  }

  boundary(seq: number, newestStUs: number): void {
    for (const file of this.#touched) {
      file.whole = file.used
      if (file.firstSeq === 0) file.firstSeq = seq
      if (file.firstSeqAfterCut === 0) file.firstSeqAfterCut = seq
      file.lastSeq = seq
    }
    this.#touched.clear()
    this.seq = seq
    this.newestStUs = Math.max(this.newestStUs, newestStUs)
  }

  /** What was appended is whole and comes from no message, so the position stays. */
  fill(newestStUs: number): void {
    for (const file of this.#touched) file.whole = file.used
    this.#touched.clear()
    this.newestStUs = Math.max(this.newestStUs, newestStUs)
  }

  cut(): Cut {
    const writes: FileWrite[] = []
    for (const file of this.#files.values()) {
      const { path, buffer, whole, firstSeq, lastSeq } = file
      if (whole > 0) writes.push({ path, bytes: buffer.subarray(0, whole), firstSeq, lastSeq })
      file.firstSeqAfterCut = 0
    }
    return { seq: this.seq, newestStUs: this.newestStUs, writes }
  }

  /** Forgets what a commit has written. */
  drop(cut: Cut): void {
    for (const { path, bytes } of cut.writes) {
      const file = this.#fileFor(path)
      this.bytes -= bytes.length
      file.used -= bytes.length
      file.whole -= bytes.length
      file.firstSeq = file.firstSeqAfterCut
      if (file.used === 0 && !this.#touched.has(file)) this.#files.delete(path)
      else file.buffer = file.buffer.slice(bytes.length)
    }
  }

  clear(): void {
    this.#files.clear()
    this.#touched.clear()
    this.bytes = 0
  }

  #fileFor(path: string): FileBytes {
    let file = this.#files.get(path)
    if (file === undefined) {
      file = { path, buffer: new Uint8Array(FIRST_BUFFER_BYTES), used: 0, whole: 0, firstSeq: 0, firstSeqAfterCut: 0, lastSeq: 0 }
      this.#files.set(path, file)
    }
    return file
  }
}

function grown(buffer: Uint8Array, used: number, needed: number): Uint8Array {
  const larger = new Uint8Array(Math.max(needed, 2 * buffer.length, FIRST_BUFFER_BYTES))
  larger.set(buffer.subarray(0, used))
  return larger
}

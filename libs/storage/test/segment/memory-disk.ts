import type { Disk } from '../../src/segment/disk.ts'

interface Inode {
  now: Uint8Array
  synced: Uint8Array
}

/** Says for each thing that was never synced what a power cut makes of it. */
export type Fate = () => 'old' | 'new' | 'torn'

const folderOf = (path: string): string => path.split('/').slice(0, -1).join('/')

/** A disk in memory that knows what was synced: contents a file, names a folder. A power cut decides about each of the rest alone, which is more than ext4 does. */
export class MemoryDisk implements Disk {
  #names = new Map<string, Inode>()
  #syncedNames = new Map<string, Inode>()
  #folders = new Set([''])
  #syncedFolders = new Set([''])

  async size(path: string): Promise<number | undefined> {
    return this.#names.get(path)?.now.length
  }

  async readText(path: string): Promise<string | undefined> {
    const inode = this.#names.get(path)
    return inode && Buffer.from(inode.now).toString()
  }

  async read(path: string, offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    return this.#find(path).now.slice(offsetBytes, offsetBytes + lengthBytes)
  }

  async makeFolder(path: string): Promise<void> {
    const parts = path.split('/')
    for (let i = 1; i <= parts.length; i++) this.#folders.add(parts.slice(0, i).join('/'))
  }

  async write(path: string, bytes: Uint8Array, offsetBytes: number): Promise<void> {
    const inode = this.#make(path)
    const now = new Uint8Array(Math.max(inode.now.length, offsetBytes + bytes.length))
    now.set(inode.now)
    now.set(bytes, offsetBytes)
    inode.now = now
  }

  async writeText(path: string, text: string): Promise<void> {
    this.#make(path).now = Uint8Array.from(Buffer.from(text))
  }

  async truncate(path: string, lengthBytes: number): Promise<void> {
    const inode = this.#find(path)
    inode.now = inode.now.slice(0, lengthBytes)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#names.set(to, this.#find(from))
    this.#names.delete(from)
  }

  async remove(path: string): Promise<void> {
    this.#names.delete(path)
  }

  async removeFolder(path: string): Promise<boolean> {
    const isIn = (name: string) => name.startsWith(`${path}/`)
    if (!this.#folders.has(path) || [...this.#names.keys(), ...this.#folders].some(isIn)) return false
    return this.#folders.delete(path)
  }

  async syncFile(path: string): Promise<void> {
    const inode = this.#find(path)
    inode.synced = inode.now
  }

  async syncFolder(path: string): Promise<void> {
    if (!this.#folders.has(path)) throw enoent(path)
    for (const folder of this.#folders) if (folder !== '' && folderOf(folder) === path) this.#syncedFolders.add(folder)
    for (const name of this.#syncedNames.keys()) if (folderOf(name) === path) this.#syncedNames.delete(name)
    for (const [name, inode] of this.#names) if (folderOf(name) === path) this.#syncedNames.set(name, inode)
  }

  /** What is there as a process sees it, state left out. */
  files(): Map<string, string> {
    const seen = [...this.#names].filter(([path]) => !path.startsWith('.state/'))
    return new Map(seen.map(([path, { now }]) => [path, Buffer.from(now).toString()]))
  }

  /** Bytes of a file; undefined where there is none. */
  bytesOf(path: string): Uint8Array | undefined {
    return this.#names.get(path)?.now
  }

  paths(): string[] {
    return [...this.#names.keys()]
  }

  /** What a kernel may do after a failed fdatasync: the pages that were not written are gone, at once. */
  loseUnsynced(path: string): void {
    const inode = this.#names.get(path)
    if (inode) inode.now = afterCut(inode, 'torn')
  }

  powerCut(fate: Fate): void {
    const folders = new Set([...this.#folders].filter((folder) => this.#syncedFolders.has(folder) || fate() !== 'old'))
    for (const folder of folders) if (folder !== '' && !folders.has(folderOf(folder))) folders.delete(folder)
    const names = new Map<string, Inode>()
    for (const path of new Set([...this.#names.keys(), ...this.#syncedNames.keys()])) {
      const before = this.#syncedNames.get(path)
      const after = this.#names.get(path)
      const inode = before === after || fate() !== 'old' ? after : before
      if (inode && folders.has(folderOf(path))) names.set(path, inode)
    }
    for (const inode of new Set([...this.#names.values(), ...this.#syncedNames.values()])) {
      inode.now = afterCut(inode, inode.now === inode.synced ? 'new' : fate())
      inode.synced = inode.now
    }
    this.#names = names
    this.#syncedNames = new Map(names)
    this.#folders = folders
    this.#syncedFolders = new Set(folders)
  }

  #make(path: string): Inode {
    if (!this.#folders.has(folderOf(path))) throw enoent(path)
    const inode = this.#names.get(path) ?? { now: new Uint8Array(0), synced: new Uint8Array(0) }
    this.#names.set(path, inode)
    return inode
  }

  #find(path: string): Inode {
    const inode = this.#names.get(path)
    if (inode === undefined) throw enoent(path)
    return inode
  }
}

const enoent = (path: string): Error => Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })

/** Torn: as long as it became, but what was never synced is zeros. */
function afterCut({ now, synced }: Inode, fate: ReturnType<Fate>): Uint8Array {
  if (fate === 'old') return synced
  if (fate === 'new') return now
  const torn = new Uint8Array(now.length)
  torn.set(synced.subarray(0, now.length))
  return torn
}

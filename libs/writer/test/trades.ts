import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tickSubject } from '@ib-stream/bus'
import { hash31, US_PER_HOUR } from '@ib-stream/model'
import type { WriterBench } from './support.ts'

export const START_US = 1_753_837_200_000_000

/** Trades a minute or so apart, so that hours close, and which of them the files have. */
export class Trades {
  readonly lines: string[] = []
  readonly #bench: WriterBench
  #st = START_US

  constructor(bench: WriterBench) {
    this.#bench = bench
  }

  /** @param perHour how many make an hour of the market */
  async add(cid: number, count: number, perHour = 100): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.#st += US_PER_HOUR / perHour
      const line = JSON.stringify({ ts: this.#st, st: this.#st, cid, tt: 'last', rid: hash31(cid, 'last'), p: 1, s: this.lines.length })
      this.lines.push(line)
      this.#bench.publisher.add({ subject: tickSubject(cid, 'last'), line })
      if (i % 500 === 49) await this.#bench.publisher.settled() // one line a message
    }
    await this.#bench.publisher.settled()
  }

  sent(cid: number): string[] {
    return this.lines.filter((line) => line.includes(`"cid":${cid},`))
  }

  async files(cid: number): Promise<string[]> {
    const names = await readdir(join(this.#bench.dataDir, 'json'), { recursive: true }).catch(() => [])
    return names
      .filter((name) => name.includes(`/${cid}_last_`))
      .sort()
      .map((name) => join(this.#bench.dataDir, 'json', name))
  }

  async recorded(cid: number): Promise<string[]> {
    const texts = await Promise.all((await this.files(cid)).map((path) => readFile(path, 'utf8')))
    return texts.flatMap((text) => text.split('\n').filter((line) => line.endsWith('}')))
  }
}

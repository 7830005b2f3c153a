import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { archiveFiles, makeTables } from '../../../apps/cli/src/sql/archive-tables.ts'
import type { DuckdbConnection, DuckdbInstance } from '../../../apps/cli/src/sql/load-duckdb.ts'
import type { Answer, Question } from '../questions.ts'
import type { Place, Store } from '../store.ts'
import { theDuckdb } from './duckdb.ts'
import { duckdbAnswers } from './duckdb-answers.ts'

/** The tables of `ib-stream sql` over an archive that is there, in the process of the asker as DuckDB's own are. */
export class IbStreamSql implements Omit<Store, 'load' | 'sizeBytes'> {
  readonly asking: Record<Question, () => Promise<Answer>>
  readonly #instance: DuckdbInstance
  readonly #connection: DuckdbConnection

  static async open({ folder, tape }: Place, dataDir: string): Promise<IbStreamSql> {
    const waiting = join(folder, 'waiting')
    await mkdir(waiting, { recursive: true })
    const { files } = await archiveFiles(dataDir, waiting)
    const instance = await (await theDuckdb()).DuckDBInstance.create()
    const connection = await instance.connect()
    await makeTables(connection, files)
    const [first, last] = tape.dates
    const ofDay = `cid = ${tape.cid} AND date BETWEEN '${first}' AND '${last}'`
    const quoteAt = (at: string) => `quote_at(${tape.cid}, ${at})`
    return new IbStreamSql(instance, connection, duckdbAnswers(connection, tape, ofDay, quoteAt))
  }

  constructor(instance: DuckdbInstance, connection: DuckdbConnection, asking: IbStreamSql['asking']) {
    this.#instance = instance
    this.#connection = connection
    this.asking = asking
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.closeSync()
    this.#instance.closeSync()
  }
}

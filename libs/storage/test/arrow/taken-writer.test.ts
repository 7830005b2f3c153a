import { spawnSync } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'
import { Field, Int32, makeData, RecordBatch, Schema, Struct, tableFromIPC } from 'apache-arrow'
import { TakenWriter } from '../../src/arrow/taken-writer.ts'

describe('TakenWriter', () => {
  it('gives each batch once it is written, keeps nothing of it, and all of it together is a stream of Arrow', () => {
    const schema = new Schema([new Field('n', new Int32(), false)])
    const writer = new TakenWriter()
    writer.reset(undefined, schema)
    const taken = [[1, 2], [3], [4, 5, 6]].map((values) => {
      const n = makeData({ type: new Int32(), length: values.length, nullCount: 0, data: Int32Array.from(values) })
      writer.write(
        new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: values.length, nullCount: 0, children: [n] })),
      )
      return writer.take()
    })
    expect(taken.map(({ byteLength }) => byteLength > 0)).toEqual([true, true, true])
    expect(writer.take()).toHaveLength(0)
    writer.finish()
    const table = tableFromIPC(Buffer.concat([...taken, writer.take()]))
    expect(table.batches.map(({ numRows }) => numRows)).toEqual([2, 1, 3])
    expect([...(table.getChild('n') ?? [])]).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('is loaded by those alone that ask for it', () => {
    const script = (entry: string) => `import { registerHooks } from 'node:module'
      const asked = new Set()
      registerHooks({ resolve: (name, context, next) => (asked.add(name), next(name, context)) })
      await import('${entry}')
      process.stdout.write(String(asked.has('apache-arrow')))`
    const loads = (entry: string) => spawnSync(process.execPath, ['--input-type=module', '-e', script(entry)], { encoding: 'utf8' })
    expect(loads('@ib-stream/storage')).toMatchObject({ status: 0, stdout: 'false' })
    expect(loads('@ib-stream/storage/arrow')).toMatchObject({ status: 0, stdout: 'true' })
  })
})

import { glob, readFile, stat } from 'node:fs/promises'
import { FIELDS, tickSchema } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { asyncApiOf } from '../../services/query-api/src/api/asyncapi.ts'
import { openApiOf } from '../../services/query-api/src/api/openapi.ts'
import { ROUTES } from '../../services/query-api/src/routes.ts'

/** What of the form before v3 may stand: the importer, its tests, the bench that says how much smaller v3 is, and what the older system gave out. */
const READS_V2 = /^(libs\/storage\/(src|test)\/import\/|bench\/storage\/|tools\/test\/(no-v2\.test|old-system)\.ts$)/

describe('the form before v3', () => {
  it('is known to the importer, its tests and the bench of sizes only', async () => {
    const found = new Set<string>()
    for await (const path of glob(['{libs,services,apps,bench,test,tools,proto,ops,.ci}/**/*', '*'], {
      exclude: (name) => name.includes('node_modules') || name === 'bench/results' || name === '.git',
    })) {
      if (!/\.(ts|mjs|cjs|js|proto|json|ya?ml|html|css|sql|sh|py|toml|conf|service|md)$|(^|\/)[^.]*$/.test(path)) continue
      if (!(await stat(path)).isFile()) continue
      if (/\bstream_id\b|\bstreamId\b/.test(await readFile(path, 'utf8'))) found.add(path)
    }
    expect([...found].filter((path) => !READS_V2.test(path))).toEqual([])
    expect(found.size).toBeGreaterThan(3) // the search does find it where it may stand
  })

  it('is in no schema of a tick: flat fields, none called metadata or data', async () => {
    const keys = FIELDS.map(({ key }) => key)
    const { oneOf: kinds = [] } = z.toJSONSchema(tickSchema) as { oneOf?: { properties: Record<string, { type?: string }> }[] }
    const proto = await readFile('proto/tick_message.proto', 'utf8')
    const fields = [...proto.matchAll(/^\s*(?:optional\s+)?\w+\s+(\w+)\s*=\s*\d+;/gm)].map(([, name]) => name)
    expect(kinds.length).toBeGreaterThan(2)
    for (const { properties } of kinds) {
      expect(keys).toEqual(expect.arrayContaining(Object.keys(properties)))
      for (const { type } of Object.values(properties)) expect(type).not.toBe('object')
    }
    expect(fields).toEqual(expect.arrayContaining(['ts', 'st', 'cid']))
    expect(fields.filter((name) => name === 'metadata' || name === 'data')).toEqual([])
    for (const document of [openApiOf(ROUTES), asyncApiOf(ROUTES)]) {
      const ticks = Object.entries((document.components as { schemas: Record<string, unknown> }).schemas).filter(([name]) =>
        /tick/i.test(name),
      )
      expect(ticks.length).toBeGreaterThan(0)
      for (const [, schema] of ticks) expect(JSON.stringify(schema)).not.toMatch(/"(metadata|data)":\{/)
    }
  })
})

import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

describe('the index of the documents', () => {
  it('names every page', async () => {
    const index = await readFile('docs/README.md', 'utf8')
    const linked = new Set([...index.matchAll(/\]\(([^)#\s]+)/g)].map(([, target = '']) => join('docs', target)))
    const pages: string[] = []
    for await (const path of glob('docs/**/*.md')) if (path !== 'docs/README.md') pages.push(path)
    expect(pages.length).toBeGreaterThan(20)
    expect(pages.filter((path) => !linked.has(path))).toEqual([])
  })
})

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

describe('the three documents of storage v3', () => {
  const read = (name: string) => readFile(`docs/STORAGE_V3_${name}.md`, 'utf8')

  /** What somebody asks who moves a system of recorders and readers to another format. */
  const QUESTIONS = [
    'How does file organisation serve queries?',
    'Performance of old and new organisation?',
    'Retention and archival that depended on the format?',
    'How do backends interact?',
    'Which tools read files, which use APIs?',
    'Which automated processes and monitors parse messages?',
    'How do external tools move over?',
    'How is a message routed?',
    'What of authentication, logging, debugging?',
    'Incremental or atomic?',
    'How is each phase tested?',
    'How is the format validated?',
    'How is no functionality lost?',
    'Which benchmarks are kept?',
    'What are realistic volumes?',
    'How does one go back?',
    'What in an emergency?',
  ]

  it.each(QUESTIONS)('answer by name: %s', async (question) => {
    const row = (await read('IMPLEMENTATION_PLAN')).split('\n').find((line) => line.split('|')[1]?.includes(question))
    expect(row?.split('|')[2]).toMatch(/\]\(\S+\)|`[^`]+`/) // where it stands; npm run check follows the links
  })

  it('give each phase its scope, validation point, result and way back', async () => {
    const phases = (await read('IMPLEMENTATION_PLAN')).split(/^### Phase /m).slice(1)
    expect(phases).toHaveLength(8)
    for (const phase of phases)
      for (const row of ['Scope', 'Validation point', 'Result', 'Roll-back']) expect(phase).toContain(`| ${row} | `)
  })

  it('say what is, not what will be', async () => {
    for (const name of ['ARCHITECTURE', 'COMPONENT_ANALYSIS', 'IMPLEMENTATION_PLAN'])
      expect((await read(name)).split('\n').filter((line) => /⁺|[|:] so far|does not exist yet|\*\(.*\d\)\*/.test(line))).toEqual([])
  })

  it('give figures that stand among the measurements', async () => {
    const measured = await readFile('docs/guides/measurements.md', 'utf8')
    const [, table = ''] = /^## Measured performance.*?\n\n(\| component .*?)\n\n/ms.exec(await read('COMPONENT_ANALYSIS')) ?? []
    const figures = table.split('\n').flatMap((row) => row.split('|')[3]?.match(/\d[\d,.]*\d/g) ?? [])
    expect(figures.length).toBeGreaterThan(12)
    expect(figures.filter((figure) => !measured.includes(figure))).toEqual([])
  })
})

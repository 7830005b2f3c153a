import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

describe('the check of links', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-links-'))
    await mkdir(join(folder, 'docs'))
    await writeFile(join(folder, 'docs/there.md'), '# A page, of ours\n\n## Twice\n\n## Twice\n')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const check = async (text: string) => {
    await writeFile(join(folder, 'README.md'), text)
    return spawnSync(process.execPath, ['tools/check/links.ts', folder], { encoding: 'utf8' })
  }

  it('lets pass links to files, folders, headings and other places, and what only looks like one', async () => {
    const text =
      '[a](docs/there.md#a-page-of-ours) [b](docs/there.md#twice-1) [c](docs) [d](https://example.com/x#y) [e](#top) `[f](none)`\n\n# Top\n'
    expect(await check(text)).toMatchObject({ status: 0, stderr: '' })
  })

  it('names the page and the link that leads nowhere', async () => {
    const { status, stderr } = await check('[a](docs/gone.md) [b](docs/there.md#thrice) [c](#none)\n')
    expect(status).toBe(1)
    expect(stderr.trimEnd().split('\n')).toEqual([
      'README.md: docs/gone.md leads to docs/gone.md, which is not there',
      'README.md: docs/there.md#thrice: docs/there.md has no heading "thrice"',
      'README.md: #none: README.md has no heading "none"',
    ])
  })
})

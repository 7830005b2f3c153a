// docs/reference/cli.md has a part for each command, made from its description, between marks; the words around them are people's.
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DIRECTORY } from '../../apps/cli/src/command/directory.ts'
import { referenceParts } from '../../apps/cli/src/command/reference-page.ts'

const PATH = 'docs/reference/cli.md'
const PART = /<!-- from the code: (.+?) -->\n[\s\S]*?<!-- end -->/g

/** What is wrong with the page; with `write` it is mended. */
export async function checkCliReference({ write }: { write: boolean }): Promise<string[]> {
  const path = join(resolve(import.meta.dirname, '../..'), PATH)
  const page = await readFile(path, 'utf8')
  const parts = referenceParts(await Promise.all(DIRECTORY.map(({ describe }) => describe())))
  const problems: string[] = []
  const found = new Set<string>()
  const wanted = page.replace(PART, (part, name: string) => {
    found.add(name)
    const text = parts.get(name)
    if (text === undefined) problems.push(`${PATH} has a part "${name}", which is no command`)
    return text === undefined ? part : `<!-- from the code: ${name} -->\n${text}<!-- end -->`
  })
  for (const name of parts.keys())
    if (!found.has(name))
      problems.push(`${PATH} lacks a part: add "<!-- from the code: ${name} -->" and "<!-- end -->" on lines of their own`)
  if (wanted !== page && write) await writeFile(path, wanted)
  else if (wanted !== page) problems.push(`${PATH} differs from the commands; write its parts anew: node tools/check/docs.ts --write`)
  return problems
}

// Fails when a link of a document leads nowhere: a file that is not there, or a heading that it does not have.
import { glob, readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

const ROOT = resolve(process.argv[2] ?? join(import.meta.dirname, '../..'))
const DOCUMENTS = ['*.md', 'docs/**/*.md', 'libs/*/README.md', 'apps/*/README.md', 'ops/**/*.md']

const problems: string[] = []
const anchorsOfFile = new Map<string, Promise<Set<string>>>()
for await (const path of glob(DOCUMENTS, { cwd: ROOT, exclude: ['**/node_modules/**'] })) {
  const text = await readFile(join(ROOT, path), 'utf8')
  for (const [, target = ''] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue
    const [file = '', anchor] = target.split('#')
    const at = file === '' ? path : join(dirname(path), file)
    const found = await stat(join(ROOT, at)).catch(() => undefined)
    if (found === undefined) problems.push(`${path}: ${target} leads to ${at}, which is not there`)
    else if (anchor !== undefined && !(await anchorsOf(at)).has(anchor))
      problems.push(`${path}: ${target}: ${at} has no heading "${anchor}"`)
  }
}
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')
}

/** As GitHub makes them: lower case, letters, digits, `_` and `-`, spaces to `-`, repeated ones numbered. */
function anchorsOf(path: string): Promise<Set<string>> {
  const known = anchorsOfFile.get(path) ?? readAnchors(path)
  anchorsOfFile.set(path, known)
  return known
}

async function readAnchors(path: string): Promise<Set<string>> {
  const anchors = new Set<string>()
  const text = (await readFile(join(ROOT, path), 'utf8')).replaceAll(/^```[\s\S]*?^```/gm, '')
  for (const [, heading = ''] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    let anchor = plain
    for (let n = 1; anchors.has(anchor); n++) anchor = `${plain}-${n}`
    anchors.add(anchor)
  }
  return anchors
}

// Makes what docs/benchmarks.md says of a run, and its charts, from the result: `node bench/field/draw.ts [RESULT]`.
import { readFile, writeFile } from 'node:fs/promises'
import { drawn } from './drawn.ts'
import { readResult } from './result.ts'

const [path = 'bench/results/field.json'] = process.argv.slice(2)
for (const [file, text] of Object.entries(drawn(await readResult(path), await readFile('docs/benchmarks.md', 'utf8'))))
  await writeFile(file, text)

import { chartOf } from './chart.ts'
import type { FieldResult } from './result.ts'
import { partsOf } from './table.ts'

/**
 * The files that show a result, by their paths. In the page what stands between `<!-- field: NAME -->` and `<!-- end -->` is replaced.
 * @throws Error where the page has no place for a part
 */
export function drawn(result: FieldResult, page: string): Record<string, string> {
  let text = page
  for (const [name, part] of Object.entries(partsOf(result))) {
    const [begin, end] = [`<!-- field: ${name} -->`, '<!-- end -->']
    const from = text.indexOf(begin)
    const to = text.indexOf(end, from)
    if (from < 0 || to < 0) throw new Error(`docs/benchmarks.md has no place for “${name}”`)
    text = `${text.slice(0, from + begin.length)}\n${part}\n${text.slice(to)}`
  }
  const charts = Object.keys(result.seconds).map((day) => [`docs/images/field-${day}.svg`, chartOf(result, day)])
  return { 'docs/benchmarks.md': text, ...Object.fromEntries(charts) }
}

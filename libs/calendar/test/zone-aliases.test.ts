import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { ROOT } from '../../../test/support/program.ts'
import { timeZone } from '../src/index.ts'
import { ZONE_ALIASES } from '../src/zone-aliases.ts'
import { us } from './tellings.ts'

it.each(Object.entries(ZONE_ALIASES))('%s has the times of %s, in any case', (name, iana) => {
  for (const id of [name, name.toLowerCase(), `${name} (as IB has it)`])
    for (const iso of ['2025-01-15T12:00Z', '2025-07-15T12:00Z'])
      expect(timeZone(id).offsetUs(us(iso))).toBe(timeZone(iana).offsetUs(us(iso)))
})

it('the reference page lists them all, and no others', () => {
  const page = readFileSync(join(ROOT, 'docs/reference/calendar.md'), 'utf8')
  const rows = [...page.matchAll(/^\| (`[A-Z/ ]+`(?:, `[A-Z/ ]+`)*) \| `([A-Za-z_/]+)` \|$/gm)]
  const listed = rows.flatMap(([, names = '', iana = '']) => names.split(', ').map((name): [string, string] => [name.slice(1, -1), iana]))
  expect(Object.fromEntries(listed)).toEqual(ZONE_ALIASES)
})

// A day of ticks in ib-stream and in what one would take in its place, loaded and asked the same in one run: `npm run bench -- field`
// [--only real,model] [--scale 1] [--rounds 5] [--stores json,pb,…] [--day FILE.jsonl[.gz]] [--result FILE]. The real day is that beside the checkout (or IB_STREAM_REAL_DAY), the model day
// has a million quotes at scale 1. Every answer is held to the right one before its time counts. Stores take turns, round after round; medians with least and most are given. Servers are
// found or fetched (tools/field-peers.mjs), libraries come from npm into the cache; what is not to be had is left out and said. docs/benchmarks.md is made of the result by
// `node bench/field/draw.ts`.
import { parseArgs } from 'node:util'
import { hasRealDay, REAL_DAY } from '../test/support/tape-source.ts'
import { STORE_NAMES, type StoreName } from './field/stores.ts'
import { versionsOf } from './field/versions.ts'
import { runSections } from './run-sections.ts'

const DAYS = ['real', 'model'] as const
const WHOLE = 1_000_000

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: hasRealDay ? DAYS.join() : 'model' },
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    stores: { type: 'string', default: STORE_NAMES.join() },
    day: { type: 'string', default: REAL_DAY },
    result: { type: 'string', default: 'bench/results/field.json' },
  },
})
const wanted = values.stores.split(',')
const unknown = wanted.find((name) => !STORE_NAMES.some((known) => known === name))
if (unknown !== undefined) throw new Error(`--stores ${unknown}: none of ${STORE_NAMES.join(', ')}`)
const versions = await versionsOf(STORE_NAMES.filter((name) => wanted.includes(name)))
await runSections({
  bench: 'field',
  script: new URL('./field/section.ts', import.meta.url),
  args: [values.day, String(Math.round(WHOLE * Number(values.scale))), values.rounds, Object.keys(versions).join()],
  known: DAYS,
  wanted: values.only,
  peers: versions satisfies Partial<Record<StoreName, string>>,
  result: values.result,
})

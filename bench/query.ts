// query-api on this machine, as a process of its own behind real files and a real nats-server: a closed hour beside a plain static file server; merged, filtered and in
// every format; the first byte; the memory of ten million ticks; many SSE clients; how long a tick takes to one; the
// spacing of a replay; bars, as-of, studies.
// `npm run bench -- query [--only history,memory,live,latency,replay,derived,studies] [--scale 1] [--rounds 7] [--result FILE]`: `--scale 0.1` takes a tenth of the ticks and
// of the time. Each section is a process of its own. Runs are interleaved, medians taken and their spread given; every answer is held to the very ticks before a figure
// is given; ends with 1 where one is not what it must be.
import { parseArgs } from 'node:util'
import { SECTIONS } from './query/sections.ts'
import { runSections } from './run-sections.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: SECTIONS.join() },
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '7' },
    result: { type: 'string', default: 'bench/results/query.json' },
  },
})
await runSections({
  bench: 'query',
  script: new URL('./query/section.ts', import.meta.url),
  args: [values.scale, values.rounds],
  known: SECTIONS,
  wanted: values.only,
  result: values.result,
})

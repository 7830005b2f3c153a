// `npm run chaos -- [--minutes 5] [--seed 1] [--replicas 3] [--rate 2]`: faults over the real services, judged by what the simulator sent. Ends with 1 on any loss,
// double, misorder, change or undeclared hole.
import { parseArgs } from 'node:util'
import { runChaos } from './run.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    replicas: { type: 'string', default: '3' },
    rate: { type: 'string', default: '2' },
  },
})
const say = (line: string) => void process.stdout.write(`${line}\n`)
const minutes = Number(values.minutes)
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)))
const report = await runChaos({
  seed: Number(values.seed),
  minutes,
  replicas: Number(values.replicas),
  rate: Number(values.rate),
  everyMs: [1_500, 5_000],
  awayMs: minutes >= 4 ? 60_000 : 0,
  say,
  signal: stop.signal,
}).catch((error: unknown) => {
  say(String(error))
  process.exit(1)
})
const { verdict, faults, takeOverMs, catchUpMs, probes, purgedBelowSeq, oddEnds, clean } = report
for (const finding of verdict.findings.slice(0, 40)) say(`  ${finding}`)
for (const end of oddEnds) say(`  ${end}`)
const { lost, doubled, misordered, changed, undeclared } = verdict.counts
say(
  `seed ${values.seed}: ${faults.length} events, ${verdict.sent} ticks sent, ${verdict.recorded} recorded, ${verdict.declaredMissing} missing in ${verdict.gaps} declared gaps`,
)
say(
  `lost ${lost} · doubled ${doubled} · misordered ${misordered} · changed ${changed} · undeclared ${undeclared} · answers probed ${probes} · closed files ${verdict.manifestEntries} · recorder events ${verdict.events} · log trimmed to ${purgedBelowSeq}`,
)
say(
  `take-over after kill -9: ${takeOverMs.count} partitions, p50 ${takeOverMs.p50} ms, p99 ${takeOverMs.p99} ms, worst ${takeOverMs.worst} ms`,
)
say(`catch-up after ${catchUpMs.length > 0 ? '60 s away' : 'a minute away: not in this run'}: ${catchUpMs.join(', ')} ms`)
say(clean ? 'clean' : 'NOT CLEAN')
process.exit(clean ? 0 : 1)

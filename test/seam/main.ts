// `npm run chaos -- seam [clients] [seconds] [seed]`: clients that join history and live at random times while services are killed, stopped, frozen and scaled and the keeper
// trims the log; each is held to the truth from its start. Ends with 1 where one is not.
import { runSeam } from './run.ts'

const [clients = 200, seconds = 60, seed = 1] = process.argv.slice(2).map(Number)
const say = (line: string) => void process.stdout.write(`${line}\n`)
const { ticks, faults, connections, given, trimmed, findings } = await runSeam({ clients, seconds, seed, say })
for (const finding of findings.slice(0, 40)) say(`  ${finding}`)
say(
  `seed ${seed}: ${clients} clients on ${connections} connections, ${ticks} ticks, ${faults.length} faults, ${given} ticks given, ` +
    `${trimmed.incomplete} times incomplete and ${trimmed.startedOver} times anew after the log was trimmed, ${findings.length} findings`,
)
say(findings.length === 0 ? 'clean' : 'NOT CLEAN')
process.exit(findings.length === 0 ? 0 : 1)

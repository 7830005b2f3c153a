// A part of the bench: the publisher with its spool, fed from the tape. The order says how: `single` keeps few enough messages on their way that each line is its
// own message (the publisher is told to allow more of them than it does by itself), `batched` gives as much as is taken, `rate` so many a second with the shared clock in `st`.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { connectBus, openPublisher, type Publisher } from '@ib-stream/bus'
import { goAhead, orderOf, sharedClockUs, tell } from './part.ts'
import { tapeOf, tapeStUs } from './tape.ts'

interface Order {
  natsUrl: string
  spoolFolder: string
  ticks: number
  mode: 'single' | 'batched' | 'rate'
  perSecond?: number
  /** Added to the shared clock it gives epoch µs. */
  epochUs?: number
  /** Of the tape's contracts so many. */
  contracts?: number
}

const { natsUrl, spoolFolder, ticks, mode, perSecond = 1_000, epochUs = 0, contracts } = orderOf<Order>()
const tapeLine = tapeOf(contracts)
/** Below what makes the publisher cut batches. */
const MOST_SINGLES = 480
const MOST_WAITING = 20_000

const bus = await connectBus({ url: natsUrl, name: 'bench-feed' })
const publisher = await openPublisher({
  bus,
  spoolFolder,
  source: 'simulator',
  logMaxBytes: 20 * 2 ** 30,
  ...(mode === 'single' && { mostSingles: 500 }),
})
while (publisher.state !== 'sending') await new Promise((resolve) => setTimeout(resolve, 5))
tell({ ready: true })
await goAhead()
const startedUs = sharedClockUs()
const cpuBefore = process.cpuUsage()
if (mode === 'rate') await feedByClock(publisher)
else await feedByRoom(publisher)
await publisher.settled()
const tookUs = sharedClockUs() - startedUs
const { user, system } = process.cpuUsage(cpuBefore)
tell({ tookUs, cpuUs: user + system, messages: publisher.spool.end })
await publisher.close()
await bus.close()
process.exit(0)

async function feedByRoom(to: Publisher): Promise<void> {
  const room = () =>
    mode === 'single' ? MOST_SINGLES - to.waitingLines - (to.spool.end - to.acknowledged) : MOST_WAITING - to.waitingLines
  const enough = (mode === 'single' ? MOST_SINGLES : MOST_WAITING) / 4
  for (let i = 0; i < ticks; ) {
    while (room() < Math.min(enough, ticks - i)) await sleep(1) // to look at each turn would take the core from the server
    for (let free = Math.min(room(), ticks - i); free > 0; free--) to.add(tapeLine(i, tapeStUs(i++)))
    await nextTurn()
  }
}

/** As a gateway sends: a socket read now and then, with what is due. */
async function feedByClock(to: Publisher): Promise<void> {
  let lastUs = 0
  for (let i = 0; i < ticks; ) {
    const due = Math.min(ticks, Math.floor(((sharedClockUs() - startedUs) / 1e6) * perSecond))
    for (; i < due; i++) {
      lastUs = Math.max(lastUs + 1, sharedClockUs())
      to.add(tapeLine(i, epochUs + lastUs))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

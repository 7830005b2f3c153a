import type { Service } from '@ib-stream/service'
import type { Writer } from './writer.ts'

/** The writer's parts of `/health`. */
export function reportWriter(service: Service, writer: Writer): void {
  service.report('writer', () => {
    const partitions = [...writer.partitions.values()]
    const states = partitions.map(({ state }) => state)
    const lame = writer.failed.size > 0 ? 'failed' : (['stalled', 'holding'] as const).find((state) => states.includes(state))
    return {
      state: lame ?? writer.state,
      ready: writer.state === 'sharing' && lame === undefined,
      partitions: states.length,
      ticks: writer.ticks,
      lagMessages: partitions.reduce((sum, { lagMessages }) => sum + lagMessages, 0),
      lagSeconds: Math.max(0, ...partitions.map(({ lagSeconds }) => lagSeconds)),
      failed: Object.fromEntries(writer.failed),
      ...(writer.problem === undefined ? {} : { reason: writer.problem }),
    }
  })
  // Another process is at fault, so this one stays ready; the word is for the person who looks.
  service.report('others', () => {
    const stale = [...writer.staleOwners.values()]
    return { state: stale.length > 0 ? 'lock held but checkpoint stale' : 'at_work', ready: true, stale }
  })
}

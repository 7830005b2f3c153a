import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { waitFor } from '../../../../test/support/wait-for.ts'
import type { Bus } from '../../src/connection.ts'
import { openPublisher, type Publisher, type PublisherEvent, type PublisherOptions, type PublisherState } from '../../src/publisher.ts'
import { segmentName } from '../../src/spool-segment.ts'

export interface TestPublisher extends Publisher {
  readonly events: PublisherEvent[]
}

/** A publisher of the simulator that keeps what it says. */
export async function testPublisher(
  bus: Bus,
  spoolFolder: string,
  options: Partial<Pick<PublisherOptions, 'source' | 'logMaxBytes' | 'spoolMaxBytes' | 'logSyncIntervalMs' | 'mostSingles'>> = {},
): Promise<TestPublisher> {
  const events: PublisherEvent[] = []
  const publisher = await openPublisher({
    bus,
    spoolFolder,
    source: 'simulator',
    logMaxBytes: 100_000_000,
    mostSingles: 500, // tests know a message by its number
    onEvent: (event) => events.push(event),
    ...options,
  })
  return Object.assign(publisher, { events })
}

export const publisherIs = (publisher: Publisher, ...states: PublisherState[]): Promise<boolean> =>
  waitFor(`the publisher is ${states.join(' or ')}`, () => states.includes(publisher.state))

/** Adds all lines and waits until the log has them. */
export async function publish(publisher: Publisher, lines: readonly Parameters<Publisher['add']>[0][]): Promise<void> {
  for (const line of lines) publisher.add(line)
  await publisher.settled(AbortSignal.timeout(20_000))
}

/** From the first write on the spool's disk is full, until this is called. */
export async function fillDisk(spoolFolder: string): Promise<() => Promise<void>> {
  const path = join(spoolFolder, segmentName(1))
  await symlink('/dev/full', path)
  return () => rm(path)
}

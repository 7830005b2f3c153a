import type { Bus } from '../../src/connection.ts'

/** The same bus, but for some of what it asks of streams. */
export function withStreams(bus: Bus, changed: Partial<Pick<Bus['manager']['streams'], 'info' | 'purge'>>): Bus {
  const streams = Object.assign(Object.create(bus.manager.streams) as Bus['manager']['streams'], changed)
  const manager = Object.create(bus.manager, { streams: { value: streams } }) as Bus['manager']
  return Object.create(bus, { manager: { value: manager } }) as Bus
}

/** The same bus, which tells of each message that goes to the log. */
export function tellingTicks(bus: Bus, onTick: (payload: string) => void): Bus {
  const connection = Object.create(bus.connection) as Bus['connection']
  connection.publish = (subject, payload, options) => {
    if (subject.startsWith('ticks.')) onTick(String(payload))
    bus.connection.publish(subject, payload, options)
  }
  return Object.create(bus, { connection: { value: connection } }) as Bus
}

import { openClock } from '@ib-stream/service'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { Connection, type ConnectionChange, type LinkHandlers, type Session } from '../../src/connection/connection.ts'
import { CONNECTION_EVENTS, type ConnectionEvent, isOnTheWay, TRANSITIONS, takesRequests } from '../../src/connection/transitions.ts'

/** A session that the test drives; it counts what is open. */
class ScriptedSession implements Session {
  static open = 0
  asked = 0
  held = false
  closed = false
  readonly port: number
  readonly handlers: LinkHandlers

  constructor(port: number, handlers: LinkHandlers) {
    this.port = port
    this.handlers = handlers
    ScriptedSession.open += 1
  }

  open(): void {}
  askTime(): void {
    this.asked += 1
  }
  hold(): void {
    this.held = true
  }
  goOn(): void {
    this.held = false
  }
  close(reason: string): void {
    if (this.closed) return
    this.closed = true
    ScriptedSession.open -= 1
    this.handlers.ended(reason, undefined)
  }
}

/** What a gateway may do to a session; the connection hears it by its handlers or as the notice it means. */
const DEEDS = ['socketOpen', 'ready', 'heard', 'end', 'wait', 'long'] as const
const NOTICES = ['cutOff', 'backKept', 'backLost', 'competing', 'flowing', 'idInUse', 'noRoom', 'stale'] as const

describe('Connection', () => {
  beforeEach(() => {
    jest.useFakeTimers()
    ScriptedSession.open = 0
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  const start = ({ window = false, ports = [4001, 4002] }: { window?: boolean; ports?: number[] } = {}) => {
    const set = { byMs: 0 }
    const clock = openClock({ ports: { wallMs: () => Date.now() + set.byMs, monotonicMs: () => performance.now() } })
    const sessions: ScriptedSession[] = []
    const changes: ConnectionChange[] = []
    const room = { left: true }
    const holds: [boolean, number][] = []
    const connection = new Connection<ScriptedSession>({
      host: 'gateway',
      ports,
      connectTimeoutMs: 15_000,
      clock,
      dial: ({ port }, handlers) => {
        const session = new ScriptedSession(port, handlers)
        sessions.push(session)
        return session
      },
      inRestartWindow: () => window,
      hasRoom: () => room.left,
      onHold: (...word) => holds.push(word),
      onChange: (change) => changes.push(change),
    })
    const stop = new AbortController()
    const done = connection.run(stop.signal)
    const last = () => sessions.at(-1) as ScriptedSession
    /** Lets time pass until the next attempt; gives how long that was, ms. */
    const nextAttempt = () => {
      const before = sessions.length
      let waitedMs = 0
      for (; sessions.length === before; waitedMs += 100) jest.advanceTimersByTime(100)
      return waitedMs
    }
    const ready = () => {
      last().handlers.socketOpen()
      last().handlers.ready()
    }
    /** The system's clock is set back by an hour; ours stands. */
    const setBack = () => {
      clock.stampUs()
      set.byMs = -3_600_000
      jest.advanceTimersByTime(1_000)
    }
    return { connection, sessions, changes, room, holds, stop, done, last, nextAttempt, ready, setBack }
  }

  it('asks the gateway for its time, calls it mute, and gives it up', () => {
    const { connection, last, ready, sessions } = start()
    ready()
    jest.advanceTimersByTime(9_900)
    expect([connection.state, last().asked]).toEqual(['ready', 1])
    jest.advanceTimersByTime(200)
    expect(connection.state).toBe('mute')
    last().handlers.heard()
    expect(connection.state).toBe('ready')
    jest.advanceTimersByTime(26_000)
    expect([connection.state, sessions[0]?.closed, sessions.length]).toEqual(['connecting', true, 2])
  })

  it("regression: while the system's clock was set back no good session made the next pause short again", () => {
    const { last, ready, nextAttempt, setBack } = start({ ports: [4001] })
    for (let i = 0; i < 8; i++) {
      last().handlers.ended('refused', 502)
      nextAttempt()
    }
    setBack()
    ready()
    for (let i = 0; i < 40; i++) {
      jest.advanceTimersByTime(1_000)
      last().handlers.heard()
    }
    last().handlers.ended('reset', undefined)
    expect(nextAttempt()).toBeLessThanOrEqual(600)
  })

  it("regression: while the system's clock was set back every end was told as one after a full spool", () => {
    const { connection, changes, last, ready, room, setBack } = start()
    setBack()
    ready()
    room.left = false
    connection.hold()
    jest.advanceTimersByTime(1_000)
    room.left = true
    jest.advanceTimersByTime(10_000)
    last().handlers.heard()
    expect(connection.isHeld).toBe(false)
    last().handlers.ended('reset', undefined)
    expect(changes.slice(-2).map(({ event }) => event)).toEqual(['sessionReady', 'ended'])
  })

  it('does not hear a session that it has left', () => {
    const { connection, sessions, last, ready } = start()
    ready()
    connection.apply('idInUse', 'client id 851 is in use', 326)
    expect([connection.state, sessions[0]?.closed]).toEqual(['waiting', true])
    sessions[0]?.handlers.ready()
    sessions[0]?.handlers.ended('late', undefined)
    expect(connection.state).toBe('waiting')
    jest.advanceTimersByTime(5_000)
    expect([connection.state, sessions.length]).toEqual(['connecting', 2])
    last().handlers.ended('refused', 502)
    expect(connection.state).toBe('idle')
  })

  it('tries the ports in turn, and first the one that took it', () => {
    const { sessions, last, nextAttempt, ready } = start()
    last().handlers.ended('refused', 502)
    nextAttempt()
    ready()
    last().handlers.ended('gone', undefined)
    nextAttempt()
    expect(sessions.map(({ port }) => port)).toEqual([4001, 4002, 4002])
  })

  it('waits longer from attempt to attempt, but never more than 30 s', () => {
    const { last, nextAttempt } = start({ ports: [4001] })
    const waits = Array.from({ length: 20 }, () => {
      last().handlers.ended('refused', 502)
      return nextAttempt()
    })
    expect(waits[0]).toBeLessThanOrEqual(500)
    for (const waitMs of waits.slice(7)) expect([waitMs >= 15_000, waitMs <= 30_000]).toEqual([true, true])
  })

  it('asks every few seconds while the daily restart is due', () => {
    const { connection, sessions, last, ready } = start({ window: true })
    ready()
    last().handlers.ended('the gateway restarts', undefined)
    for (let i = 0; i < 10; i++) {
      expect(connection.state).toBe('restarting')
      jest.advanceTimersByTime(5_000)
      last().handlers.ended('refused', 502)
    }
    expect(sessions).toHaveLength(11)
  })

  it('does not judge a gateway that it does not read, for as long as there is no room', () => {
    const { connection, room, holds, last, ready } = start()
    ready()
    room.left = false
    connection.hold()
    const { asked } = last()
    jest.advanceTimersByTime(60_000)
    expect([connection.state, connection.isHeld, last().held, last().asked]).toEqual(['ready', true, true, asked])
    room.left = true
    jest.advanceTimersByTime(5_100)
    expect([connection.state, connection.isHeld, last().held, last().asked]).toEqual(['ready', false, false, asked + 1])
    expect(holds).toEqual([
      [true, 0],
      [false, expect.closeTo(60_000, -2)],
    ])
    jest.advanceTimersByTime(15_000)
    expect(connection.state).toBe('mute')
  })

  it('has no session held that is left', () => {
    const { connection, room, last, nextAttempt, ready } = start()
    ready()
    room.left = false
    connection.hold()
    last().handlers.ended('slow client', undefined)
    expect([connection.state, connection.isHeld]).toEqual(['idle', false])
    room.left = true
    nextAttempt()
    expect(last().held).toBe(false)
  })

  it('dials nothing while there is no room for what would come', () => {
    const { connection, sessions, room, ready } = start()
    ready()
    room.left = false
    connection.apply('noRoom', 'the spool is full')
    jest.advanceTimersByTime(60_000)
    expect(sessions).toHaveLength(1)
    room.left = true
    jest.advanceTimersByTime(200)
    expect(sessions).toHaveLength(2)
  })

  it('property: whatever comes in whatever order, one session is open at most, it goes on trying, and a stop ends it', () => {
    const step = fc.oneof(fc.constantFrom(...DEEDS), fc.constantFrom(...NOTICES))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        ScriptedSession.open = 0
        const { connection, last, stop, sessions, changes } = start()
        for (const deed of steps) {
          if (isPossible(connection.state, deed, last())) perform(connection, deed, last())
          expect(ScriptedSession.open).toBeLessThanOrEqual(1)
          expect(connection.session === undefined).toBe(!takesRequests(connection.state))
        }
        const attempts = sessions.length
        last().close('the end')
        jest.advanceTimersByTime(60_000)
        expect(sessions.length).toBeGreaterThan(attempts - 1)
        expect(changes.every(({ from, to }, i) => from !== to && (i === 0 || changes[i - 1]?.to === from))).toBe(true)
        stop.abort()
        expect([connection.state, ScriptedSession.open]).toEqual(['stopped', 0])
      }),
      { numRuns: 300 },
    )
  })
})

type Deed = (typeof DEEDS)[number] | (typeof NOTICES)[number]

function isPossible(state: Connection<ScriptedSession>['state'], deed: Deed, session: ScriptedSession): boolean {
  if (deed === 'wait' || deed === 'long') return true
  if (session.closed) return false
  if (deed === 'end' || deed === 'heard') return true
  if (deed === 'socketOpen') return state === 'connecting'
  if (deed === 'ready') return isOnTheWay(state) && state !== 'connecting'
  return (CONNECTION_EVENTS as readonly string[]).includes(deed) && typeof TRANSITIONS[state][deed as ConnectionEvent] === 'string'
}

function perform(connection: Connection<ScriptedSession>, deed: Deed, session: ScriptedSession): void {
  switch (deed) {
    case 'wait':
      return void jest.advanceTimersByTime(700)
    case 'long':
      return void jest.advanceTimersByTime(16_000)
    case 'end':
      return session.close('the gateway closed the connection')
    case 'socketOpen':
    case 'ready':
    case 'heard':
      return session.handlers[deed]()
    default:
      return connection.apply(deed, deed)
  }
}

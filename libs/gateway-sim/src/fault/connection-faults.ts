import type { Outlet } from '../session/outlet.ts'
import { type FaultTarget, faultKind, type Lift, sessionsOf } from './fault-kind.ts'
import { clientField, integerField, secondsField, textField, wordField } from './fields.ts'

const ENDINGS = ['fin', 'rst'] as const
const howField = wordField('how sockets are closed', ENDINGS, 'fin')
const RESTART_SECONDS = 240

/** The gateway says nothing and answers nothing, its sockets stay open; what was to be sent is lost. New connections are taken and hear nothing. */
export const mute = faultKind({
  doc: 'sockets stay open, nothing is sent or answered; ticks of that time are lost',
  fields: { seconds: secondsField(30), client: clientField },
  start(target, { client }) {
    const unmutes = sessionsOf(target, client).map(({ outlet }) => outlet.mute())
    const arrive = (outlet: Outlet) => unmutes.push(outlet.mute())
    if (client === -1) target.house.conduct.arrivals.add(arrive)
    return () => {
      target.house.conduct.arrivals.delete(arrive)
      for (const unmute of unmutes) unmute()
    }
  },
})

/** Every write is cut into small pieces, each in a segment of its own: frames and even their lengths arrive in parts. */
export const split = faultKind({
  doc: 'frames leave in small pieces, cut anywhere',
  fields: { seconds: secondsField(60), bytes: integerField('largest piece, bytes', 1, 65_536, 7) },
  start({ sessions, house }, { bytes }) {
    const ends = sessions.map(({ outlet }) => outlet.pieceBytes.lay(bytes))
    const arrive = (outlet: Outlet) => ends.push(outlet.pieceBytes.lay(bytes))
    house.conduct.arrivals.add(arrive)
    return () => {
      house.conduct.arrivals.delete(arrive)
      for (const end of ends) end()
    }
  },
})

export const cut = faultKind({
  doc: 'connections end at once, by FIN or RST, in the middle of a frame or between two',
  fields: {
    how: wordField('how the socket is closed', ENDINGS, 'rst'),
    where: wordField('between two frames, or half a frame goes out first', ['frame', 'mid-frame'], 'mid-frame'),
    client: clientField,
  },
  start(target, { how, where, client }) {
    for (const session of sessionsOf(target, client)) session.cut(where, how)
    return undefined
  },
})

export const refuse = faultKind({
  doc: 'the port refuses connections; those that stand are kept',
  fields: { seconds: secondsField(30) },
  start: (target) => closedPort(target),
})

/** What a Gateway does each day at its restart time. It remembers nothing: the 15-second rule begins anew. */
export const restart = faultKind({
  doc: 'the daily restart: all connections are closed, and the port refuses for some minutes',
  fields: { seconds: secondsField(RESTART_SECONDS), how: howField },
  start(target, { how }) {
    for (const session of target.sessions) session.cut('frame', how)
    target.house.lines.forget()
    return closedPort(target)
  },
})

/** The weekly end of a login: until somebody logs in again there is no API port. */
export const logoff = faultKind({
  doc: 'the weekly log-off: connections are closed, and the port refuses until the fault is lifted (somebody logs in)',
  fields: { seconds: secondsField(0), how: howField },
  start: restart.start,
})

/** Bytes that no gateway should send, between two frames. */
export const garbage = faultKind({
  doc: 'raw bytes go out between two frames',
  fields: { hex: textField('the bytes, in hex', /^([0-9a-f]{2})+$/i, 'pairs of hex digits'), client: clientField },
  start(target, { hex, client }) {
    for (const { outlet } of sessionsOf(target, client)) outlet.write(Buffer.from(hex, 'hex'))
    return undefined
  },
})

function closedPort(target: FaultTarget): Lift {
  target.closePort()
  return () => target.openPort()
}

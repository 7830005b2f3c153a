import { afterSeconds } from '../clock.ts'
import type { SimContract } from '../contract/contract.ts'
import { farmOf, HMDS_FARM, MARKET_FARMS } from '../contract/farm.ts'
import type { Subscription } from '../tape/subscription.ts'
import { errorReply, NO_REQUEST } from '../wire/reply.ts'
import type { Denial, Silence } from './conduct.ts'
import { type FaultTarget, faultKind } from './fault-kind.ts'
import { ALL, contractField, integerField, numberField, secondsField, textField, wordField } from './fields.ts'

const LOST = 'Connectivity between IB and Trader Workstation has been lost.'
const RESTORED = 'Connectivity between IB and Trader Workstation has been restored'
const OTHER_ADDRESS = 'Trading TWS session is connected from a different IP address'

/** IB is cut off from the gateway, the gateway not from its clients. */
export const connectivity = faultKind({
  doc: '1100 some times, then 1101 (all subscriptions are lost) or 1102; nothing flows in between, and history fails',
  fields: {
    seconds: secondsField(20),
    times: integerField('how often 1100 is said', 1, 1000, 5),
    everySeconds: numberField('pause between two 1100', 0.01, 3600, 2),
    end: wordField('what is said at the end; none: nothing', ['1101', '1102', 'none'], '1102'),
    flow: wordField('whether standing subscriptions get ticks again after it', ['back', 'silent'], 'back'),
  },
  start(target, { times, everySeconds, end, flow }) {
    const restore = silence(target, { fits: () => true })
    const denial = withoutHistory()
    target.house.conduct.denials.add(denial)
    const { outages } = target.house.conduct
    const outage = { dataLost: false }
    outages.add(outage)
    const greeting = errorReply(NO_REQUEST, 1100, LOST)
    target.house.conduct.greetings.add(greeting)
    const repeats = Array.from({ length: times }, (_, i) => {
      if (i > 0) return afterSeconds(target.clock, i * everySeconds, () => announce(target, 1100, LOST))
      announce(target, 1100, LOST)
      return () => {}
    })
    return () => {
      for (const cancel of repeats) cancel()
      target.house.conduct.greetings.delete(greeting)
      target.house.conduct.denials.delete(denial)
      restore(flow)
      outages.delete(outage)
      const lost = end === '1101' || outage.dataLost
      // Only the last one that ends brings IB back; what an earlier one lost is lost, and said, then.
      for (const other of outages) other.dataLost ||= lost
      if (outages.size > 0) return
      if (lost) for (const session of target.sessions) session.loseSubscriptions()
      if (lost) announce(target, 1101, `${RESTORED} - data lost.`)
      else if (end === '1102')
        announce(target, 1102, `${RESTORED} - data maintained. All data farms are connected: ${MARKET_FARMS.join('; ')}.`)
    }
  },
})

/** A data farm breaks, connects and is well again. Streams of its contracts pause without any error. */
export const farm = faultKind({
  doc: `a farm is broken (2103, 2105 for ${HMDS_FARM}), connects (2119), is well (2104, 2106); its streams pause, its history fails`,
  fields: {
    farm: wordField('which one', [...MARKET_FARMS, HMDS_FARM], 'usfarm'),
    seconds: secondsField(10),
    flow: wordField('whether standing subscriptions get ticks again after it', ['back', 'silent'], 'back'),
    priceOffset: numberField('added to all prices of its standing subscriptions afterwards, until they are asked for anew', -1e12, 1e12, 0),
  },
  start(target, { farm: name, flow, priceOffset }) {
    const history = name === HMDS_FARM
    const restore = history ? () => {} : silence(target, { fits: ({ contract }) => farmOf(contract) === name })
    const denial = withoutHistory()
    if (history) target.house.conduct.denials.add(denial)
    const broken = { name }
    target.house.conduct.brokenFarms.add(broken)
    announce(target, history ? 2105 : 2103, `${history ? 'HMDS' : 'Market'} data farm connection is broken:${name}`)
    return () => {
      target.house.conduct.brokenFarms.delete(broken)
      target.house.conduct.denials.delete(denial)
      const well = !target.house.conduct.isBroken(name)
      if (well && !history) announce(target, 2119, `Market data farm is connecting:${name}`)
      restore(flow)
      if (priceOffset !== 0) shiftPrices(target, ({ contract }) => farmOf(contract) === name, priceOffset)
      if (well) announce(target, history ? 2106 : 2104, `${history ? 'HMDS' : 'Market'} data farm connection is OK:${name}`)
    }
  },
})

/** One of its own for each fault: they may overlap. */
function withoutHistory(): Denial {
  return { ticks: () => undefined, history: () => ({ code: 162, text: HMDS_AWAY }) }
}

const HMDS_AWAY = 'Historical Market Data Service error message:HMDS connection is broken'

/** The corruption that was seen after a farm came back: sizes and times right, prices off by a constant. */
export const offset = faultKind({
  doc: 'prices of standing subscriptions are off by a constant, until they are asked for anew',
  fields: { amount: numberField('added to each price', -1e12, 1e12), cid: contractField },
  start(target, { amount, cid }) {
    shiftPrices(target, ({ contract }) => cid === ALL || contract.conId === cid, amount)
    return undefined
  },
})

/** The user logged in elsewhere. */
export const competing = faultKind({
  doc: 'a competing session: 10197 for each standing request, whose flow pauses; new requests are refused (10197, history 162)',
  fields: { seconds: secondsField(60), cid: contractField },
  start(target, { cid }) {
    const meant = ({ conId }: SimContract) => cid === ALL || conId === cid
    const restore = silence(target, { fits: ({ contract }) => meant(contract) })
    const live = { code: 10197, text: 'No market data during competing live session' }
    const past = { code: 162, text: `Historical Market Data Service error message:${OTHER_ADDRESS}` }
    const denial: Denial = {
      ticks: (contract) => (meant(contract) ? live : undefined),
      history: (contract) => (meant(contract) ? past : undefined),
    }
    target.house.conduct.denials.add(denial)
    for (const session of target.sessions) {
      for (const { contract, requestId } of session.subscriptions.values())
        if (meant(contract)) session.send(errorReply(requestId, live.code, live.text))
    }
    return () => {
      target.house.conduct.denials.delete(denial)
      restore('back')
    }
  },
})

/** Any message of the gateway. */
export const notice = faultKind({
  doc: 'any message 4 goes to every client',
  fields: {
    code: integerField('IB error code', 0, 99_999),
    text: textField('its text', /^[^\0]*$/, 'a text without NUL'),
    reqId: integerField('request id; -1: no request', -1, 2 ** 31 - 1, NO_REQUEST),
  },
  start(target, { code, text, reqId }) {
    announce(target, code, text, reqId)
    return undefined
  },
})

function announce(target: FaultTarget, code: number, text: string, requestId = NO_REQUEST): void {
  for (const session of target.sessions) if (session.state === 'ready') session.send(errorReply(requestId, code, text))
}

/** @returns what ends it; `silent` leaves the subscriptions that stand as they are */
function silence({ house }: FaultTarget, what: Silence): (flow: 'back' | 'silent') => void {
  house.conduct.silences.add(what)
  for (const subscription of house.tape.standing) if (what.fits(subscription)) subscription.silences.add(what)
  return (flow) => {
    house.conduct.silences.delete(what)
    if (flow === 'back') for (const subscription of house.tape.standing) subscription.silences.delete(what)
  }
}

function shiftPrices({ house }: FaultTarget, meant: (subscription: Subscription) => boolean, by: number): void {
  for (const subscription of house.tape.standing) if (meant(subscription)) subscription.priceOffset += by
}

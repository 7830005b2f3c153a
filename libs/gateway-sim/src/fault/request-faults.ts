import { secondsToUs } from '../clock.ts'
import type { SimContract } from '../contract/contract.ts'
import type { Refusal } from '../limit/tick-lines.ts'
import type { Denial } from './conduct.ts'
import { faultKind } from './fault-kind.ts'
import { ALL, contractField, integerField, numberField, secondsField, wordField } from './fields.ts'

const DENIALS = ['10089', '10187', '10189', '162', '200', '354'] as const

/** The account may not have a contract's data. */
export const deny = faultKind({
  doc: 'requests for a contract are refused: ticks by 10089, 10189, 354 or 200, history by 10187, 162 or 200',
  fields: { code: wordField('the error', DENIALS, '10189'), cid: contractField, seconds: secondsField(0) },
  start({ house }, { code, cid }) {
    const refusal = (history: boolean, contract: SimContract): Refusal | undefined => {
      const past = code === '10187' || code === '162'
      const meant = cid === ALL || contract.conId === cid
      return meant && (code === '200' || past === history) ? { code: Number(code), text: DENIAL_TEXTS[code](contract) } : undefined
    }
    const denial: Denial = { ticks: (contract) => refusal(false, contract), history: (contract) => refusal(true, contract) }
    house.conduct.denials.add(denial)
    return () => house.conduct.denials.delete(denial)
  },
})

const venue = ({ primaryExchange, exchange, secType }: SimContract) => `${primaryExchange || exchange} ${secType}`

const DENIAL_TEXTS: Readonly<Record<(typeof DENIALS)[number], (contract: SimContract) => string>> = {
  10089: ({ symbol, exchange }) =>
    `Requested market data requires additional subscription for API. See link in 'Market Data Connections' dialog for more details.${symbol} ${exchange}/TOP/ALL`,
  10187: (contract) => `Failed to request historical ticks:No market data permissions for ${venue(contract)}`,
  10189: (contract) => `Failed to request tick-by-tick data.No market data permissions for ${venue(contract)}`,
  162: (contract) => `Historical Market Data Service error message:No market data permissions for ${venue(contract)}`,
  200: () => 'No security definition has been found for the request',
  354: () => 'Requested market data is not subscribed.',
}

export const lines = faultKind({
  doc: 'the account has another number of tick-by-tick lines; requests that stand are kept',
  fields: { lines: integerField('how many', 0, 10_000), seconds: secondsField(0) },
  start: ({ house }, { lines: count }) => house.lines.lines.lay(count),
})

/** IB sometimes leaves requests without answer, for example before its farms are connected. */
export const deaf = faultKind({
  doc: 'requests of a message id (9 contract data, 49 current time, 96 historical ticks, 97 ticks…) get no answer',
  fields: { request: integerField('message id', 1, 999), seconds: secondsField(30) },
  start({ house }, { request }) {
    const id = String(request)
    const named = (by: number) => {
      const count = (house.conduct.deaf.get(id) ?? 0) + by
      if (count > 0) house.conduct.deaf.set(id, count)
      else house.conduct.deaf.delete(id)
    }
    named(1)
    return () => named(-1)
  },
})

export const afterCancel = faultKind({
  doc: 'requests that are cancelled while it lasts still get ticks for a while',
  fields: { seconds: secondsField(60), goOnSeconds: numberField('for how long each gets ticks', 0.01, 3600, 5) },
  start: ({ house }, { goOnSeconds }) => house.conduct.afterCancelSeconds.lay(goOnSeconds),
})

/** IB's time, or what the gateway says of it, is not ours. */
export const clock = faultKind({
  doc: 'the time is wrong by some seconds: in the answer to reqCurrentTime, in the stamps of live ticks, or in both',
  fields: {
    offsetSeconds: numberField('how much it is ahead; negative: behind', -30 * 86_400, 30 * 86_400),
    of: wordField('what is wrong', ['both', 'time', 'ticks'], 'both'),
    seconds: secondsField(60),
  },
  start({ house }, { offsetSeconds, of }) {
    const timeUs = of === 'ticks' ? 0 : secondsToUs(offsetSeconds)
    const stampUs = of === 'time' ? 0 : secondsToUs(Math.round(offsetSeconds))
    house.conduct.timeOffsetUs += timeUs
    house.tape.stampOffsetUs += stampUs
    return () => {
      house.conduct.timeOffsetUs -= timeUs
      house.tape.stampOffsetUs -= stampUs
    }
  },
})

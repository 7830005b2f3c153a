import { type FrontContract, frontContract, type RollRule, type SeriesContract } from '@ib-stream/calendar'
import { type Contract, type ContractName, US_PER_MS } from '@ib-stream/model'
import { endOf, zoneOr } from './contract-end.ts'

/** When front contracts move on, and how long before and after both are recorded. */
export interface RollSettings {
  daysBefore: number
  overlapMs: number
}

/** What a name means now. */
export interface Meaning {
  contract: Contract
  /** The one before or after it in its series, recorded too around the roll. */
  beside?: Contract
}

/**
 * The contract that a name means among those that IB knows under it.
 * @param contracts at least one
 * @param nowUs µs UTC; decides which one is the front
 */
export function chooseContract(
  name: ContractName,
  contracts: readonly Contract[],
  { roll, nowUs }: { roll: RollSettings; nowUs: number },
): Meaning | { problem: string } {
  const series = likeliest(name, contracts)
  if ('problem' in series) return series
  if (name.isFront) return front(name, series, roll, nowUs)
  const [contract, ...others] = series
  if (contract === undefined || others.length > 0) return ambiguous(name, series)
  return { contract }
}

/** What IB gives under one symbol may be several things: shares come first, dollars before other currencies, the class that is called like the symbol before others. */
function likeliest(name: ContractName, contracts: readonly Contract[]): readonly Contract[] | { problem: string } {
  const { secType, currency, symbol } = name.query
  const first = <Key extends keyof Contract>(among: readonly Contract[], key: Key, value: Contract[Key] | undefined) => {
    const those = among.filter((one) => one[key] === value)
    return those.length > 0 ? those : among
  }
  let left = secType === undefined ? first(contracts, 'secType', 'STK') : contracts
  if (currency === undefined) left = first(left, 'currency', 'USD')
  left = first(left, 'tradingClass', symbol)
  const groups = new Set(
    left.map(
      ({ secType: type, currency: money, exchange, tradingClass, multiplier }) =>
        `${type} ${exchange} ${money} ${tradingClass ?? ''} ${multiplier ?? ''}`,
    ),
  )
  return groups.size > 1 ? ambiguous(name, left) : left
}

function front(name: ContractName, contracts: readonly Contract[], roll: RollSettings, nowUs: number): Meaning | { problem: string } {
  const byCid = new Map(contracts.map((contract) => [contract.cid, contract]))
  const rule: RollRule = { daysBefore: roll.daysBefore, timeZoneId: zoneOr(contracts[0]?.timeZoneId) }
  const series = contracts.flatMap((one): SeriesContract[] => {
    const expiry = endOf({ ...one, timeZoneId: one.timeZoneId || rule.timeZoneId })
    return expiry ? [{ cid: one.cid, expiry }] : []
  })
  const overlapUs = roll.overlapMs * US_PER_MS
  const now = frontAt(series, rule, nowUs)
  const contract = byCid.get(now?.front.cid ?? 0)
  if (!now || !contract)
    return { problem: `${name.text} has no front contract: every expiry that IB told is over, or cannot be read; check the symbol` }
  const before = frontAt(series, rule, nowUs - overlapUs)?.front
  const leaving = before && before.cid !== now.front.cid && before.expiry.atUs > nowUs ? before : undefined
  const coming = now.next && now.rollsAtUs - overlapUs <= nowUs ? now.next : undefined
  const beside = byCid.get((leaving ?? coming)?.cid ?? 0)
  return { contract, ...(beside && { beside }) }
}

function frontAt(series: readonly SeriesContract[], rule: RollRule, us: number): FrontContract | undefined {
  return series.some(({ expiry }) => expiry.atUs > us) ? frontContract(series, rule, us) : undefined
}

const MOST_NAMED = 6

function ambiguous(name: ContractName, contracts: readonly Contract[]): { problem: string } {
  const named = contracts
    .slice(0, MOST_NAMED)
    .map(
      ({ cid, secType, exchange, currency, localSymbol }) =>
        `${cid} (${[secType, localSymbol, exchange, currency].filter(Boolean).join(' ')})`,
    )
  const more = contracts.length > MOST_NAMED ? ` and ${contracts.length - MOST_NAMED} more` : ''
  const front = contracts.some(({ secType }) => secType === 'FUT') && !name.isFront ? `, or ${name.query.symbol}.front` : ''
  return { problem: `${name.text} may be ${named.join(', ')}${more}; name one by its id, add exchange, currency or expiry${front}` }
}

/** A field of a message: its name, and between which server versions it is there. */
export interface WireField {
  name: string
  since?: number
  until?: number
  /** Only where the fields before say so. */
  when?: (before: Readonly<Record<string, unknown>>) => boolean
  /** The field is a count, and so many groups of these follow. */
  groups?: readonly string[]
}

const plain = (...names: string[]): WireField[] => names.map((name) => ({ name }))

/** The text protocol of server versions 176 to 193, the id of the message left out: IB's own tables, written down apart from the simulator's code. */
export const REPLIES: Readonly<Record<string, readonly WireField[]>> = {
  '4': plain('version', 'id', 'code', 'text', 'advancedOrderReject'),
  '9': plain('version', 'orderId'),
  '10': [
    ...plain('reqId', 'symbol', 'secType', 'lastTradeDateOrContractMonth'),
    { name: 'lastTradeDate', since: 182 },
    ...plain('strike', 'right', 'exchange', 'currency', 'localSymbol', 'marketName', 'tradingClass', 'conId', 'minTick', 'multiplier'),
    ...plain('orderTypes', 'validExchanges', 'priceMagnifier', 'underConId', 'longName', 'primaryExch', 'contractMonth'),
    ...plain('industry', 'category', 'subcategory', 'timeZoneId', 'tradingHours', 'liquidHours', 'evRule', 'evMultiplier'),
    { name: 'secIds', groups: ['tag', 'value'] },
    ...plain('aggGroup', 'underSymbol', 'underSecType', 'marketRuleIds', 'realExpirationDate', 'stockType'),
    ...plain('minSize', 'sizeIncrement', 'suggestedSizeIncrement'),
    ...[
      'fundName',
      'fundFamily',
      'fundType',
      'fundFrontLoad',
      'fundBackLoad',
      'fundBackLoadTimeInterval',
      'fundManagementFee',
      'fundClosed',
      'fundClosedForNewInvestors',
      'fundClosedForNewMoney',
      'fundNotifyAmount',
      'fundMinimumInitialPurchase',
      'fundSubsequentMinimumPurchase',
      'fundBlueSkyStates',
      'fundBlueSkyTerritories',
      'fundDistributionPolicyIndicator',
      'fundAssetType',
    ].map((name) => ({ name, since: 179, when: ({ secType }: Readonly<Record<string, unknown>>) => secType === 'FUND' })),
    { name: 'ineligibilities', since: 186, groups: ['id', 'description'] },
  ],
  '15': plain('version', 'accounts'),
  '49': plain('version', 'seconds'),
  '52': plain('version', 'reqId'),
  '53': plain('version'),
  '54': plain('version', 'account'),
  '55': plain('version', 'reqId'),
  '62': plain('version'),
  '64': plain('version', 'reqId'),
  '74': plain('version', 'reqId'),
  '96': [...plain('reqId'), { name: 'ticks', groups: ['time', 'unused', 'price', 'size'] }, ...plain('done')],
  '97': [...plain('reqId'), { name: 'ticks', groups: ['time', 'mask', 'bid', 'ask', 'bidSize', 'askSize'] }, ...plain('done')],
  '98': [...plain('reqId'), { name: 'ticks', groups: ['time', 'mask', 'price', 'size', 'exchange', 'conditions'] }, ...plain('done')],
  '99': [
    ...plain('reqId', 'kind', 'time'),
    ...['price', 'size', 'mask', 'exchange', 'conditions'].map((name) => ({ name, when: kindIn('1', '2') })),
    ...['bid', 'ask', 'bidSize', 'askSize', 'mask'].map((name) => ({ name, when: kindIn('3') })),
    { name: 'midPoint', when: kindIn('4') },
  ],
  '102': [],
}

function kindIn(...kinds: string[]): NonNullable<WireField['when']> {
  return ({ kind }) => kinds.includes(String(kind))
}

/** Names the fields of a frame. @throws Error for a frame with a field too few or too many */
export function named([id = '', ...fields]: readonly string[], serverVersion: number): Record<string, unknown> {
  const table = REPLIES[id]
  if (table === undefined) throw new Error(`no table of message ${id}`)
  const found: Record<string, unknown> = {}
  let at = 0
  const next = (name: string): string => {
    const value = fields[at++]
    if (value === undefined) throw new Error(`message ${id} ends before ${name}`)
    return value
  }
  for (const { name, since = 0, until = Number.POSITIVE_INFINITY, when, groups } of table) {
    if (serverVersion < since || serverVersion > until || when?.(found) === false) continue
    const value = next(name)
    found[name] = groups
      ? Array.from({ length: Number(value) }, () => Object.fromEntries(groups.map((part) => [part, next(`${name}.${part}`)])))
      : value
  }
  if (at !== fields.length) throw new Error(`message ${id} has ${fields.length - at} fields too many: ${JSON.stringify(fields.slice(at))}`)
  return found
}

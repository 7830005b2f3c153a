/** A field of a message: its name, and between which server versions it is there. */
export interface WireField {
  name: string
  since?: number
  until?: number
  /** Only where the fields before say so. */
  when?: (before: Readonly<Record<string, unknown>>) => boolean
  /** The field is a count, and so many groups of these follow, each again with its fields. */
  groups?: readonly (string | WireField)[]
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
  '18': [
    ...plain('reqId', 'symbol', 'secType', 'cusip', 'coupon', 'maturity', 'issueDate', 'ratings', 'bondType', 'couponType'),
    ...plain('convertible', 'callable', 'putable', 'descAppend', 'exchange', 'currency', 'marketName', 'tradingClass', 'conId', 'minTick'),
    ...plain('orderTypes', 'validExchanges', 'nextOptionDate', 'nextOptionType', 'nextOptionPartial', 'notes', 'longName'),
    ...['timeZoneId', 'tradingHours', 'liquidHours'].map((name) => ({ name, since: 188 })),
    ...plain('evRule', 'evMultiplier'),
    { name: 'secIds', groups: ['tag', 'value'] },
    ...plain('aggGroup', 'marketRuleIds', 'minSize', 'sizeIncrement', 'suggestedSizeIncrement'),
  ],
  '49': plain('version', 'seconds'),
  '52': plain('version', 'reqId'),
  '53': plain('version'),
  '54': plain('version', 'account'),
  '55': plain('version', 'reqId'),
  '58': plain('version', 'reqId', 'type'),
  '62': plain('version'),
  '64': plain('version', 'reqId'),
  '74': plain('version', 'reqId'),
  '75': [
    ...plain('reqId', 'exchange', 'underConId', 'tradingClass', 'multiplier'),
    { name: 'expirations', groups: ['date'] },
    { name: 'strikes', groups: ['strike'] },
  ],
  '76': plain('reqId'),
  '79': [
    ...plain('reqId'),
    {
      name: 'samples',
      groups: [
        ...['conId', 'symbol', 'secType', 'primaryExch', 'currency'],
        { name: 'derivatives', groups: ['secType'] },
        ...['description', 'issuerId'].map((name) => ({ name, since: 176 })),
      ],
    },
  ],
  '93': [...plain('ruleId'), { name: 'increments', groups: ['lowEdge', 'increment'] }],
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
  '107': plain('reqId', 'whiteBrandingId'),
}

function kindIn(...kinds: string[]): NonNullable<WireField['when']> {
  return ({ kind }) => kinds.includes(String(kind))
}

/** Names the fields of a frame. @throws Error for a frame with a field too few or too many */
export function named([id = '', ...fields]: readonly string[], serverVersion: number): Record<string, unknown> {
  const table = REPLIES[id]
  if (table === undefined) throw new Error(`no table of message ${id}`)
  const rest = [...fields]
  const found = take(table, rest, serverVersion, `message ${id}`)
  if (rest.length > 0) throw new Error(`message ${id} has ${rest.length} fields too many: ${JSON.stringify(rest)}`)
  return found
}

/** Takes the fields of a table from the front of what is left. */
function take(table: readonly WireField[], rest: string[], serverVersion: number, place: string): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const { name, since = 0, until = Number.POSITIVE_INFINITY, when, groups } of table) {
    if (serverVersion < since || serverVersion > until || when?.(found) === false) continue
    const value = rest.shift()
    if (value === undefined) throw new Error(`${place} ends before ${name}`)
    const parts = groups?.map((part) => (typeof part === 'string' ? { name: part } : part))
    found[name] = parts ? Array.from({ length: Number(value) }, () => take(parts, rest, serverVersion, `${place}, ${name}`)) : value
  }
  return found
}

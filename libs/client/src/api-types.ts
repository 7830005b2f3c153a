// From the OpenAPI document of query-api: node tools/check/client-types.ts --write

export type Info = {
  version: '3.0'
  description: string
  documents: {
    openapi: string
    asyncapi: string
    people: string
  }
  tick_types: readonly string[]
  fields: readonly {
    key: string
    /** In answers with expanded=true */
    name: string
    /** Number of the field in protobuf */
    proto: number
    type: string
    tick_types: readonly string[]
    optional: boolean
  }[]
  formats: readonly {
    format: string
    media_type: string
  }[]
  endpoints: readonly {
    method: string
    path: string
    doc: string
    parameters: readonly {
      name: string
      doc: string
      allowed: string | readonly string[]
      default?: string
    }[]
  }[]
}

/** An error (RFC 9457) */
export type Problem = {
  /** urn:ib-stream:error:<code> */
  type: string
  /** What kind of problem it is, the same for each problem of a code */
  title: string
  /** The HTTP status once more */
  status: number
  /** What is wrong with this request, and what to do; for people */
  detail: string
  /** The code to decide by; docs/reference/errors.md lists all */
  code:
    | 'IBS_QUERY_PARAMETER_INVALID'
    | 'IBS_QUERY_PARAMETER_UNKNOWN'
    | 'IBS_QUERY_RANGE_INVALID'
    | 'IBS_QUERY_SESSION_UNKNOWN'
    | 'IBS_QUERY_CONTRACT_UNKNOWN'
    | 'IBS_QUERY_CONTRACT_AMBIGUOUS'
    | 'IBS_QUERY_CONTRACT_UNAVAILABLE'
    | 'IBS_QUERY_BODY_INVALID'
    | 'IBS_QUERY_FORMAT_UNACCEPTABLE'
    | 'IBS_QUERY_REQUEST_INVALID'
    | 'IBS_QUERY_REQUEST_TOO_LARGE'
    | 'IBS_QUERY_ROUTE_UNKNOWN'
    | 'IBS_QUERY_METHOD_NOT_ALLOWED'
    | 'IBS_QUERY_LIVE_UNAVAILABLE'
    | 'IBS_QUERY_UPGRADE_REQUIRED'
    | 'IBS_QUERY_MESSAGE_INVALID'
    | 'IBS_QUERY_SUBSCRIPTION_UNKNOWN'
    | 'IBS_QUERY_TOO_MANY_STREAMS'
    | 'IBS_QUERY_TOO_MANY_REQUESTS'
    | 'IBS_QUERY_KEY_MISSING'
    | 'IBS_QUERY_KEY_FORBIDDEN'
    | 'IBS_QUERY_ORIGIN_REFUSED'
    | 'IBS_QUERY_CLIENT_UNKNOWN'
    | 'IBS_QUERY_INTERNAL'
    | 'IBS_TAPE_CURSOR_GONE'
    | 'IBS_TAPE_SLOW_CONSUMER'
    | 'IBS_TAPE_LOG_CUT'
    | 'IBS_TAPE_LOG_AWAY'
    | 'IBS_TAPE_TAIL_GONE'
    | 'IBS_TAPE_TAIL_TOO_LONG'
    | 'IBS_TAPE_CLOSED'
    | 'IBS_STORAGE_RANGE_UNSTABLE'
    | 'IBS_STORAGE_SEGMENT_GONE'
    | 'IBS_STORAGE_MANIFEST_AHEAD'
    | 'IBS_STORAGE_CHECKPOINT_AHEAD'
    | 'IBS_STORAGE_RECORD_TORN'
  /** urn:ib-stream:request:<x-request-id>; the log has the same id */
  instance?: string
  /** The parameter or header that is wrong */
  field?: unknown
  /** What was given */
  value?: unknown
  /** What would have been right, in words or as a list */
  allowed?: unknown
}

export type HistoryInfo = {
  contract_id: number
  tick_types: Partial<
    Record<
      'bid_ask' | 'last' | 'all_last' | 'mid_point',
      {
        /** ts of the first recorded tick */
        first: string | null
        /** ts of the last one in files */
        last: string | null
        backends: Record<
          string,
          {
            files: number
            bytes: number
          }
        >
      }
    >
  >
  /** From the first recorded tick to the last one in files */
  available: {
    start: string
    end: string
  } | null
}

export type HistoryStats = {
  contract_id: number
  time_range: {
    start: string
    end: string
  }
  tail: 'not_needed' | 'read' | 'left_out' | 'unavailable'
  total_ticks: number
  total_bytes: number
  tick_types: Partial<
    Record<
      'bid_ask' | 'last' | 'all_last' | 'mid_point',
      {
        ticks: number
        /** Bytes of their records in the files; of those that are not in files yet, as JSON */
        bytes: number
        /** Of them not in files yet */
        tail_ticks: number
        /** ts of the first tick */
        first: string | null
        /** ts of the last tick */
        last: string | null
      }
    >
  >
  /** Ticks of the range that retention took away */
  removed_ticks: number
}

export type HistoryAnswer = {
  contract_id: number
  tick_types: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
  format: 'json'
  time_range: {
    start: string
    end: string
  }
  messages: readonly (Tick | ExpandedTick)[]
  total_messages: number
  /** Cursor to go on, where limit left ticks out */
  next?: string
}

/** One tick, format v3; docs/reference/tick-format.md */
export type Tick =
  | {
      /** stamp of IB, µs since 1970-01-01 UTC */
      ts: number
      /** receive time, µs since 1970-01-01 UTC */
      st: number
      /** IB contract id */
      cid: number
      /** request id, computed from cid and tt */
      rid: number
      /** filled in later from IB history */
      bf?: true
      tt: 'bid_ask'
      /** bid price */
      bp?: number
      /** bid size */
      bs?: number
      /** ask price */
      ap?: number
      /** ask size */
      as?: number
      /** bid past low */
      bpl?: true
      /** ask past high */
      aph?: true
    }
  | {
      /** stamp of IB, µs since 1970-01-01 UTC */
      ts: number
      /** receive time, µs since 1970-01-01 UTC */
      st: number
      /** IB contract id */
      cid: number
      /** request id, computed from cid and tt */
      rid: number
      /** filled in later from IB history */
      bf?: true
      tt: 'last' | 'all_last'
      /** price */
      p: number
      /** size */
      s?: number
      /** exchange */
      ex?: string
      /** special conditions */
      sc?: string
      /** unreported */
      upt?: true
      /** past limit */
      pl?: true
    }
  | {
      /** stamp of IB, µs since 1970-01-01 UTC */
      ts: number
      /** receive time, µs since 1970-01-01 UTC */
      st: number
      /** IB contract id */
      cid: number
      /** request id, computed from cid and tt */
      rid: number
      /** filled in later from IB history */
      bf?: true
      tt: 'mid_point'
      /** mid point */
      mp: number
    }

/** A tick with long names (expanded=true) */
export type ExpandedTick = {
  ib_timestamp: number
  ib_timestamp_iso: string
  system_timestamp: number
  system_timestamp_iso: string
  contract_id: number
  tick_type: 'bid_ask' | 'last' | 'all_last' | 'mid_point'
  request_id: number
  price?: number
  size?: number
  bid_price?: number
  bid_size?: number
  ask_price?: number
  ask_size?: number
  mid_point?: number
  exchange?: string
  special_conditions?: string
  bid_past_low?: true
  ask_past_high?: true
  unreported?: true
  past_limit?: true
  backfilled?: true
}

export type TicksAnswer = {
  contract_ids: readonly number[]
  tick_types: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
  format: 'json'
  time_range: {
    start: string
    end: string
  }
  messages: readonly (Tick | ExpandedTick)[]
  total_messages: number
  /** Cursor to go on, where limit left ticks out */
  next?: string
}

export type StudyAnswer = {
  contract_id: number
  study: string
  /** Complete, with defaults */
  parameters: Record<string, unknown>
  time_range: {
    start: string
    end: string
  }
  outputs: readonly {
    study: string
    cid: number
    ts: number
    [other: string]: unknown
  }[]
  total_outputs: number
}

export type AsOfAnswer = {
  contract_id: number
  at: string
  /** The last tick of each type at or before the moment; null: none in the two weeks before */
  ticks: Partial<Record<'bid_ask' | 'last' | 'all_last' | 'mid_point', Tick | null>>
}

export type SnapshotAnswer = {
  at: string
  contracts: readonly {
    contract_id: number
    ticks: Partial<Record<'bid_ask' | 'last' | 'all_last' | 'mid_point', Tick>>
  }[]
}

export type Gaps = {
  time_range: {
    start: string
    end: string
  }
  gaps: readonly {
    contract_id: number
    tick_type: 'bid_ask' | 'last' | 'all_last' | 'mid_point'
    /** Last moment known good, on our clock */
    from: string
    /** First moment good again; of one that goes on, now */
    to: string
    seconds: number
    /** It goes on */
    is_open: boolean
    cause:
      | 'disconnected'
      | 'daily_restart'
      | 'client_id_in_use'
      | 'gateway_mute'
      | 'connectivity_lost'
      | 'farm_broken'
      | 'data_lost'
      | 'competing_session'
      | 'refused'
      | 'no_line'
      | 'stale'
      | 'spool_full'
      | 'ingest_down'
    reason: string
    /** How its filling from IB’s history ended; null while that is to come */
    filled: 'filled' | 'partly' | 'unavailable' | null
  }[]
}

export type ContractsFound = {
  contracts: readonly Contract[]
  /** Not asked of IB anew */
  cached: boolean
  /** How old the oldest of it is */
  age_seconds: number
}

/** What IB says about a contract */
export type Contract = {
  /** IB contract id */
  cid: number
  symbol: string
  /** STK, FUT, OPT, CASH, IND, CFD, BOND, FUND, CMDTY… */
  secType: string
  exchange: string
  primaryExchange?: string
  currency: string
  localSymbol?: string
  tradingClass?: string
  /** As IB writes it: 20250620, or 20250620 08:30 US/Central */
  lastTradeDate?: string
  /** 202506 */
  contractMonth?: string
  strike?: number
  right?: string
  multiplier?: number
  /** Least price change */
  minTick?: number
  priceMagnifier?: number
  marketName?: string
  longName?: string
  industry?: string
  category?: string
  subcategory?: string
  validExchanges?: string
  underlyingCid?: number
  /** Zone of the hours; IANA’s or one of IB’s own names */
  timeZoneId: string
  /** As IB writes them */
  tradingHours: string
  /** As IB writes them */
  liquidHours: string
  /** When IB said so, µs UTC */
  askedUs: number
}

export type MarketStatus = {
  contract_id: number
  status: 'open' | 'closed' | 'pre_market' | 'after_hours' | 'unknown'
  /** null: IB has not told */
  is_trading: boolean | null
  is_liquid: boolean | null
  /** The trading date that it is */
  session: string | null
  next_open: string | null
  next_close: string | null
  time_zone: string
  at: string
}

export type TradingHours = {
  contract_id: number
  time_zone: string
  /** As IB writes them */
  trading_hours: string
  liquid_hours: string
  /** When IB said so */
  asked_at: string
}

export type Schedule = {
  contract_id: number
  time_zone: string
  days: readonly {
    date: string
    status: 'open' | 'closed' | 'unknown'
    /** pattern: IB has not told, the hours are those of the weekday */
    source: 'told' | 'pattern' | null
    regular: readonly {
      start: string
      end: string
    }[]
    full: readonly {
      start: string
      end: string
    }[]
  }[]
}

export type Clients = {
  clients: readonly {
    id: string
    kind: 'sse' | 'websocket'
    address: string
    /** Name of its API key */
    key?: string
    since: string
    /** Ticks given so far */
    ticks: number
    request_id: string
    streams: readonly {
      name: string
      contract_ids: readonly number[]
      tick_types: readonly string[]
    }[]
  }[]
  total: number
}

export type Health = {
  service: string
  state: 'ok' | 'degraded'
  /** Every part can do its work */
  ready: boolean
  uptimeSeconds: number
  /** Each part in a word, with facts */
  parts: Record<
    string,
    {
      state: string
      ready: boolean
      [other: string]: unknown
    }
  >
  [other: string]: unknown
}

/** Every GET that answers with JSON: what its path and query take (docs/reference/http-api.md explains), and what it gives. */
export interface Gets {
  /** What this API can do: fields, formats, and every route with its parameters */
  '/v3/info': {
    path: Record<never, never>
    query: Record<never, never>
    answer: Info
  }
  /** What is recorded of a contract: from when to when, in how many files */
  '/v3/buffer/{cid}/info': {
    path: {
      cid: string
    }
    query: {
      tick_types?: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
    }
    answer: HistoryInfo
  }
  /** How many ticks a range has, and how many bytes they take, by tick type */
  '/v3/buffer/{cid}/stats': {
    path: {
      cid: string
    }
    query: {
      tick_types?: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
      start_time?: string
      end_time?: string
      buffer_duration?: string
      session?: string
      hours?: 'regular' | 'full'
      tz?: string
      committed?: boolean
    }
    answer: HistoryStats
  }
  /** Recorded ticks of a range [start, end) on ts, merged over tick types */
  '/v3/buffer/{cid}/query': {
    path: {
      cid: string
    }
    query: {
      tick_types?: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
      start_time?: string
      end_time?: string
      buffer_duration?: string
      session?: string
      hours?: 'regular' | 'full'
      tz?: string
      committed?: boolean
      format?: 'json' | 'ndjson' | 'csv' | 'protobuf' | 'arrow'
      limit?: number
      last?: number
      cursor?: string
      expanded?: boolean
    }
    answer: HistoryAnswer
  }
  /** Recorded ticks of several contracts in one time order */
  '/v3/ticks': {
    path: Record<never, never>
    query: {
      contracts?: string
      tick_types?: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
      start_time?: string
      end_time?: string
      buffer_duration?: string
      session?: string
      hours?: 'regular' | 'full'
      tz?: string
      committed?: boolean
      format?: 'json' | 'ndjson' | 'csv' | 'protobuf' | 'arrow'
      limit?: number
      last?: number
      cursor?: string
      expanded?: boolean
    }
    answer: TicksAnswer
  }
  /** Bars by time, ticks or volume, of trades or of the mid, over a range or live */
  '/v3/bars/{cid}': {
    path: {
      cid: string
    }
    query: {
      interval?: string
      of?: string
      trades?: string
      reset?: string
      clock?: string
      start_time?: string
      end_time?: string
      buffer_duration?: string
      session?: string
      hours?: 'regular' | 'full'
      tz?: string
      format?: 'json' | 'ndjson'
      live?: boolean
      timeout?: string
    }
    answer: StudyAnswer
  }
  /** What stood at a moment: the last quote and the last trade at or before it */
  '/v3/asof/{cid}': {
    path: {
      cid: string
    }
    query: {
      at?: string
      tz?: string
      tick_types?: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
      clock?: 'st' | 'ts'
    }
    answer: AsOfAnswer
  }
  /** The newest tick of every stream in the log, or of some contracts */
  '/v3/snapshot': {
    path: Record<never, never>
    query: {
      contracts?: string
      tick_types?: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
    }
    answer: SnapshotAnswer
  }
  /** The studies that there are, with their parameters */
  '/v3/studies': {
    path: Record<never, never>
    query: Record<never, never>
    answer: {
      studies: readonly {
        name: string
        title: string
        /** JSON Schema */
        parameters: Record<string, unknown>
        /** Tick types used with default parameters */
        inputs: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
      }[]
    }
  }
  /** A study over a range of recorded ticks, or over history and then live */
  '/v3/studies/{cid}/{study}': {
    path: {
      cid: string
      study: string
    }
    query: {
      interval?: string
      of?: string
      trades?: string
      reset?: string
      clock?: string
      period_seconds?: string
      std_dev?: string
      min_trades?: string
      every_seconds?: string
      window_seconds?: string
      rule?: string
      neutral_zone_percent?: string
      interval_seconds?: string
      bin?: string
      value_area_percent?: string
      weight?: string
      start_time?: string
      end_time?: string
      buffer_duration?: string
      session?: string
      hours?: 'regular' | 'full'
      tz?: string
      format?: 'json' | 'ndjson'
      live?: boolean
      timeout?: string
    }
    answer: StudyAnswer
  }
  /** Times in which ticks may be missing, why, and whether they were filled */
  '/v3/gaps': {
    path: Record<never, never>
    query: {
      contracts?: string
      tick_types?: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
      start_time?: string
      end_time?: string
      buffer_duration?: string
      session?: string
      hours?: 'regular' | 'full'
      tz?: string
    }
    answer: Gaps
  }
  /** Every contract that IB has under a symbol */
  '/v3/contracts/lookup/{symbol}': {
    path: {
      symbol: string
    }
    query: Record<never, never>
    answer: ContractsFound
  }
  /** Every contract of a type that IB has under a symbol */
  '/v3/contracts/lookup/{symbol}/{sec_type}': {
    path: {
      symbol: string
      sec_type: 'STK' | 'FUT' | 'OPT' | 'CASH' | 'IND' | 'CFD' | 'BOND' | 'FUND' | 'CMDTY'
    }
    query: Record<never, never>
    answer: ContractsFound
  }
  /** What IB says of a contract */
  '/v3/contracts/{cid}': {
    path: {
      cid: string
    }
    query: Record<never, never>
    answer: Contract
  }
  /** Whether the market of a contract is open, and when that changes */
  '/v3/contracts/{cid}/market-status': {
    path: {
      cid: string
    }
    query: Record<never, never>
    answer: MarketStatus
  }
  /** The hours of a contract as IB writes them */
  '/v3/contracts/{cid}/trading-hours': {
    path: {
      cid: string
    }
    query: Record<never, never>
    answer: TradingHours
  }
  /** The sessions of a contract, a day each, from today on */
  '/v3/contracts/{cid}/schedule': {
    path: {
      cid: string
    }
    query: {
      days?: number
    }
    answer: Schedule
  }
  /** Who is connected with streams */
  '/v3/clients': {
    path: Record<never, never>
    query: Record<never, never>
    answer: Clients
  }
  /** State of the service and its parts */
  '/health': {
    path: Record<never, never>
    query: Record<never, never>
    answer: Health
  }
  /** As /health, for whoever waits until the service can work */
  '/ready': {
    path: Record<never, never>
    query: Record<never, never>
    answer: Health
  }
  /** This API as OpenAPI 3.1 */
  '/openapi.json': {
    path: Record<never, never>
    query: Record<never, never>
    answer: {
      openapi: '3.1.1'
      [other: string]: unknown
    }
  }
  /** Streams of this API and subjects of the bus as AsyncAPI 3.0 */
  '/asyncapi.json': {
    path: Record<never, never>
    query: Record<never, never>
    answer: {
      asyncapi: '3.0.0'
      [other: string]: unknown
    }
  }
}

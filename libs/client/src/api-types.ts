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
    | 'IBS_QUERY_HOST_REFUSED'
    | 'IBS_QUERY_INGEST_AWAY'
    | 'IBS_QUERY_NOT_RECORDED'
    | 'IBS_QUERY_NOT_TRACKED'
    | 'IBS_QUERY_FILE_UNKNOWN'
    | 'IBS_QUERY_FILE_OPEN'
    | 'IBS_QUERY_BYTES_OUTSIDE'
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

export type BarsAnswer = {
  contract_id: number
  study: string
  /** Complete, with defaults */
  parameters: Record<string, unknown>
  time_range: {
    start: string
    end: string
  }
  outputs: readonly Bar[]
  total_outputs: number
}

export type Bar = {
  study: 'bars'
  cid: number
  /** Its beginning, µs UTC: of its interval for time bars, else of its first tick */
  ts: number
  /** Its end likewise: the first moment after its interval, else the time of its last tick */
  end: number
  open: number
  high: number
  low: number
  close: number
  /** Units traded (shares, contracts) */
  volume: number
  /** null without volume */
  vwap: number | null
  trade_count: number
  quote_count: number
  /** Trading date; null where bars do not end with sessions */
  session: string | null
  /** False where the ticks began after the bar did, or ended before it */
  complete: boolean
  /** Ticks that came behind event time and were counted at it, since the study began */
  late_ticks: number
}

export type AsOfAnswer = {
  contract_id: number
  at: string
  /** The last tick of each type at or before the moment; null: none in the two weeks before */
  ticks: Partial<Record<'bid_ask' | 'last' | 'all_last' | 'mid_point', Tick | null>>
}

export type QuotedTrades = {
  contract_id: number
  time_range: {
    start: string
    end: string
  }
  trades: readonly {
    trade: Tick
    /** null: none was known */
    quote: Tick | null
  }[]
  total_trades: number
}

export type SnapshotAnswer = {
  at: string
  contracts: readonly {
    contract_id: number
    ticks: Partial<Record<'bid_ask' | 'last' | 'all_last' | 'mid_point', Tick>>
  }[]
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

export type Coverage = {
  contract_id: number
  /** What lies in the future is left out */
  time_range: {
    start: string
    end: string
  }
  hours: 'regular' | 'full' | 'always'
  tick_types: Partial<
    Record<
      'bid_ask' | 'last' | 'all_last' | 'mid_point',
      {
        /** That should have been recorded */
        seconds: number
        /** Of them recorded, outside of gaps or with the gap filled */
        certain_seconds: number
        /** Never rounded up; null where there is nothing to record */
        percent: number | null
        /** None with hours=always */
        sessions: readonly {
          /** Trading date */
          date: string
          /** pattern: IB has not told, the hours are those of the weekday */
          source: 'told' | 'pattern'
          /** That should have been recorded */
          seconds: number
          /** Of them recorded, outside of gaps or with the gap filled */
          certain_seconds: number
          /** Never rounded up; null where there is nothing to record */
          percent: number | null
        }[]
        /** When it was recorded at all, gaps within */
        recorded: readonly {
          from: string
          to: string
        }[]
        gaps: readonly {
          from: string
          to: string
          seconds: number
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
          is_open: boolean
          filled: 'filled' | 'partly' | 'unavailable' | null
        }[]
      }
    >
  >
}

export type RecordingHealth = {
  at: string
  /** off_hours: the market is closed, nothing is missing; unknown: nothing comes and IB has not told whether it is open */
  health: 'healthy' | 'degraded' | 'unhealthy' | 'off_hours' | 'unknown'
  /** State of the connection to the gateway */
  gateway: string
  /** Tick-by-tick lines: those of the account, those taken, and streams that wait for one */
  lines: {
    allowed: number
    granted: number
    waiting: number
  }
  streams: readonly StreamHealth[]
  /** Names that mean no contract, contracts that end soon */
  troubles: readonly {
    name: string
    text: string
  }[]
}

export type StreamHealth = {
  contract_id: number
  symbol: string
  tick_type: 'bid_ask' | 'last' | 'all_last' | 'mid_point'
  /** off_hours: the market is closed, nothing is missing; unknown: nothing comes and IB has not told whether it is open */
  health: 'healthy' | 'degraded' | 'unhealthy' | 'off_hours' | 'unknown'
  /** Why it is not healthy */
  reason: string | null
  /** Recorded by itself; else for as long as somebody listens */
  tracked: boolean
  subscription: 'waiting' | 'no_line' | 'subscribed' | 'refused'
  market: 'open' | 'closed' | 'pre_market' | 'after_hours' | 'unknown'
  /** Since the start of ingest */
  ticks: number
  last_tick: string | null
  /** Without a tick while its market was open */
  silent_seconds: number | null
  /** For how long it may be: a multiple of its longest silences of late */
  allowed_silence_seconds: number | null
  /** Since when ticks may be missing, and why */
  gap: {
    from: string
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
      | string
    reason: string
  } | null
}

export type ContractRecordingHealth = {
  contract_id: number
  at: string
  /** off_hours: the market is closed, nothing is missing; unknown: nothing comes and IB has not told whether it is open */
  health: 'healthy' | 'degraded' | 'unhealthy' | 'off_hours' | 'unknown'
  gateway: string
  streams: readonly StreamHealth[]
}

export type TimeStatus = {
  at: string
  /** warning: clocks differ, or stamps of a stream are not of now; critical: clocks differ by 5 s or more; unknown: IB has not told the time */
  status: 'healthy' | 'warning' | 'critical' | 'unknown'
  /** Our time minus IB’s; 0 as long as they may be the same */
  drift_ms: number
  /** It lies between these: IB tells whole seconds only */
  bounds_ms: {
    low: number
    high: number
  } | null
  streams: readonly {
    contract_id: number
    tick_type: 'bid_ask' | 'last' | 'all_last' | 'mid_point'
    /** How old its stamps are at least when its ticks come */
    lag_ms: number
    /** They are not of now by IB’s own clock */
    is_off: boolean
  }[]
}

export type DriftHistory = {
  entries: readonly {
    at: string
    /** clock: ours against IB’s, or the system’s was set; lag: the stamps of a stream */
    kind: 'clock' | 'lag'
    state: 'differs' | 'agrees' | 'set' | 'off'
    /** Our time minus IB’s; of `set` by how much it was; of `lag` the age of the stamps */
    drift_ms: number
    reason: string
    contract_id?: number
    tick_type?: 'bid_ask' | 'last' | 'all_last' | 'mid_point'
  }[]
  /** Of all that were ever recorded */
  total: number
}

export type TrackedContracts = {
  contracts: readonly TrackedContract[]
  total: number
}

export type TrackedContract = {
  /** A contract id, or a name that ingest looks up */
  name: string
  symbol: string
  tick_types: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
  buffer_hours: number
  /** The contract that it means now; null where it cannot be looked up */
  contract_id: number | null
}

export type Tracking = {
  tick_types: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
  /** For people; what IB calls it where it is left out */
  symbol?: string
  /** Reported only */
  buffer_hours?: number
}

export type StorageStatus = {
  at: string
  disk: {
    total_bytes: number
    free_bytes: number
    free_percent: number
  }
  /** null: it does not answer */
  log: {
    source: string
    first_seq: number
    last_seq: number
    bytes: number
    max_bytes: number
  } | null
  backends: readonly {
    backend: string
    /** behind: by more than a minute; unknown: the log does not answer; unreadable: a checkpoint is damaged; no_writer: nobody writes it */
    state: 'current' | 'behind' | 'no_writer' | 'empty' | 'unreadable' | 'unknown'
    /** Up to here of the log all its files are */
    seq: number
    /** Its files hold what was received up to then */
    newest: string | null
    /** How long ago that was */
    age_seconds: number | null
    lag_messages: number | null
    /** How old the oldest message is that it does not have yet */
    lag_seconds: number | null
    /** Replicas that write it */
    writers: number | null
    problems: readonly {
      partition: number
      code: string
    }[]
  }[]
}

export type StorageStats = {
  /** Sums are up to a quarter of a minute older */
  at: string
  total_bytes: number
  total_files: number
  backends: Record<
    string,
    {
      files: number
      bytes: number
      /** Blocks that they take on the disk */
      disk_bytes: number
      /** null where of a file nobody knows how many it has: it is older than manifests */
      ticks: number | null
      bytes_per_tick: number | null
      first_hour: string | null
      last_hour: string | null
      /** What the hours of this time added */
      last_24_hours: {
        bytes: number
        ticks: number
      }
      last_7_days: {
        bytes: number
        ticks: number
      }
      streams: readonly {
        contract_id: number
        tick_type: 'bid_ask' | 'last' | 'all_last' | 'mid_point'
        files: number
        bytes: number
        /** Blocks that they take on the disk */
        disk_bytes: number
        /** null where of a file nobody knows how many it has: it is older than manifests */
        ticks: number | null
        bytes_per_tick: number | null
        first_hour: string | null
        last_hour: string | null
        /** What the hours of this time added */
        last_24_hours: {
          bytes: number
          ticks: number
        }
        last_7_days: {
          bytes: number
          ticks: number
        }
      }[]
    }
  >
}

export type Files = {
  contract_id: number
  /** Of those listed */
  total_files: number
  total_bytes: number
  /** false: limit left older ones out */
  is_whole: boolean
  files: readonly {
    name: string
    backend: string
    tick_type: 'bid_ask' | 'last' | 'all_last' | 'mid_point'
    hour: string
    /** closed: as its manifest says; open: a writer may still add to it; unknown: older than manifests; differs: not as its manifest says */
    state: 'closed' | 'open' | 'unknown' | 'differs'
    bytes: number
    ticks: number | null
    /** Smallest ts of a closed file */
    first: string | null
    last: string | null
    /** CRC-32C of the bytes of a closed file, in hexadecimal digits; of parquet null: it has sums inside */
    crc32c: string | null
    modified: string
    /** Where to download it; null while it is open */
    url: string | null
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
  /** Ticks come, or the hours of their markets say that none should */
  dataFlows?: boolean
  /** As ingest says of all streams in a word; away: it does not answer */
  recording?: string
  [other: string]: unknown
}

export type SystemHealth = {
  /** degraded: ticks are missing or may be soon; warning: somebody should look */
  system_status: 'healthy' | 'warning' | 'degraded'
  at: string
  /** null: ingest does not answer */
  recording: 'healthy' | 'degraded' | 'unhealthy' | 'off_hours' | 'unknown' | null
  services: Record<
    string,
    {
      replicas: number
      state: string
    }
  >
  issues: readonly {
    status: 'healthy' | 'warning' | 'degraded'
    about: string
    text: string
  }[]
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
      format?: 'json' | 'ndjson' | 'csv' | 'protobuf' | 'arrow' | 'parquet'
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
      format?: 'json' | 'ndjson' | 'csv' | 'protobuf' | 'arrow' | 'parquet'
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
    answer: BarsAnswer
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
  /** Every trade of a range with the quote that stood at it */
  '/v3/asof/{cid}/trades': {
    path: {
      cid: string
    }
    query: {
      trades?: 'last' | 'all_last'
      start_time?: string
      end_time?: string
      buffer_duration?: string
      session?: string
      hours?: 'regular' | 'full'
      tz?: string
      clock?: 'st' | 'ts'
      limit?: number
      format?: 'json' | 'ndjson'
    }
    answer: QuotedTrades
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
  /** How much of each session of a contract was recorded with certainty, in percent, and what is missing and why */
  '/v3/coverage/{cid}': {
    path: {
      cid: string
    }
    query: {
      tick_types?: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
      start_time?: string
      end_time?: string
      buffer_duration?: string
      session?: string
      hours?: 'regular' | 'full' | 'always'
      tz?: string
    }
    answer: Coverage
  }
  /** How well each stream is recorded now, by the data that comes and the hours of its market */
  '/health/streams': {
    path: Record<never, never>
    query: Record<never, never>
    answer: RecordingHealth
  }
  /** How well the streams of a contract are recorded now */
  '/health/streams/{cid}': {
    path: {
      cid: string
    }
    query: Record<never, never>
    answer: ContractRecordingHealth
  }
  /** Our clock against IB’s, and how old the stamps of each stream are */
  '/time/status': {
    path: Record<never, never>
    query: Record<never, never>
    answer: TimeStatus
  }
  /** When our clock and IB’s went apart or agreed again, and when the system’s clock was set */
  '/time/drift/history': {
    path: Record<never, never>
    query: {
      limit?: number
    }
    answer: DriftHistory
  }
  /** What is recorded by itself, the most important first */
  '/v3/tracked': {
    path: Record<never, never>
    query: Record<never, never>
    answer: TrackedContracts
  }
  /** How far the files of each backend are behind the log, and how much room is left */
  '/storage/status': {
    path: Record<never, never>
    query: Record<never, never>
    answer: StorageStatus
  }
  /** Bytes, ticks and files of each backend, contract and tick type, and how they grow */
  '/v3/storage/stats': {
    path: Record<never, never>
    query: {
      contracts?: string
    }
    answer: StorageStats
  }
  /** The files of a contract, the newest first */
  '/v3/storage/files/{cid}': {
    path: {
      cid: string
    }
    query: {
      backend?: 'json' | 'pb' | 'parquet'
      tick_types?: readonly ('bid_ask' | 'last' | 'all_last' | 'mid_point')[]
      start_time?: string
      end_time?: string
      buffer_duration?: string
      session?: string
      hours?: 'regular' | 'full'
      tz?: string
      limit?: number
    }
    answer: Files
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
  /** The sessions of a contract, a day each, from today or another day on */
  '/v3/contracts/{cid}/schedule': {
    path: {
      cid: string
    }
    query: {
      days?: number
      from?: string
    }
    answer: Schedule
  }
  /** Who is connected with streams */
  '/v3/clients': {
    path: Record<never, never>
    query: Record<never, never>
    answer: Clients
  }
  /** Whether the service can do its work, and whether data flows */
  '/health': {
    path: Record<never, never>
    query: Record<never, never>
    answer: Health
  }
  /** Whether the service can do its work, for whoever waits until it can, or starts it anew where it cannot */
  '/ready': {
    path: Record<never, never>
    query: Record<never, never>
    answer: Health
  }
  /** All services, the recording and the files in one word, for uptime monitors */
  '/system/health': {
    path: Record<never, never>
    query: Record<never, never>
    answer: SystemHealth
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

/** What the Python system offered beside its HTTP API, by its own code. */

/** Every setting that some part of it read. Those of its oldest configuration had the prefix IB_STREAM_. */
export const OLD_SETTINGS: readonly string[] = [
  ...'IB_ENVIRONMENT IB_HOST IB_PORTS IB_CLIENT_ID IB_CONTRACTS_CLIENT_ID IB_CONNECTION_TIMEOUT IB_RECONNECT_ATTEMPTS HOST PORT RELOAD'.split(
    ' ',
  ),
  ...`ENV HOST PORT PORTS CLIENT_ID CONNECTION_TIMEOUT ENABLE_STORAGE STORAGE_PATH ENABLE_JSON ENABLE_PROTOBUF ENABLE_V3_JSON ENABLE_V3_PROTOBUF ENABLE_V3_STORAGE ENABLE_V2_STORAGE
    ENABLE_POSTGRES ENABLE_METRICS ENABLE_BACKGROUND_STREAMING TRACKED_CONTRACTS BACKGROUND_RECONNECT_DELAY BUFFER_SIZE MAX_FILE_SIZE_MB LOG_LEVEL MAX_STREAMS ENABLE_CORS
    ENABLE_CLIENT_STREAM_STORAGE JSON_PATH PROTOBUF_PATH POSTGRES_URL POSTGRES_SCHEMA BATCH_SIZE BATCH_TIMEOUT QUEUE_SIZE WRITERS ROTATION_HOURS MAX_FILE_SIZE JSON_RETENTION
    PROTOBUF_RETENTION HEALTH_RETENTION METRICS_WINDOW HEALTH_INTERVAL HEALTH_STALENESS_MINUTES TRADING_HOURS_TTL_HOURS MAX_TRACKED RECONNECT_DELAY STREAM_TIMEOUT RECONNECT_ATTEMPTS
    HEARTBEAT_INTERVAL LOG_FORMAT`
    .split(/\s+/)
    .map((name) => `IB_STREAM_${name}`),
]

/** Every command, with its options. */
export const OLD_COMMANDS: readonly string[] = [
  ...['ib-stream ID', '-n', '-j', '-t Last', '--client-id', '-v', 'ib-contract TICKER', '-t STK'],
  ...[
    'ib-studies delta',
    'true-delta',
    'vwap',
    'bollinger',
    'passthrough',
    'ib-studies historical',
    'ib-studies health',
    'info',
    'version',
  ],
  ...['v3-info', 'v3-files', '--base-url', '--transport', '--protocol', '--json', '-o', '--timeout', '--timezone', '--start-time'],
  ...[
    '--end-time',
    '--buffer-duration',
    '--historical-only',
    '--raw',
    '-w',
    '-p',
    '--std-dev',
    '--neutral-zone',
    '--tick-types',
    '--limit',
  ],
  ...['--format', 'config validate', 'config show', 'summary', 'config watch', 'config compare'],
  ...[
    'services start',
    'stop',
    'services status',
    'restart',
    'restart-service',
    'stop-service',
    'start-service',
    'test-restart',
    'logs -f',
  ],
  ...['test connection', 'test contract SYMBOL', 'dev setup', 'clean', 'tools'],
  ...['monitor status', 'monitor time-drift', 'ntp-time-drift -s', 'sync-time', 'monitor storage', 'storage-growth', '-d'],
  ...['convert_v2_to_v3.py', 'standalone_converter.py', '--no-json', '--no-protobuf', '--buffer-size', '--report-path', '--dry-run'],
  ...['config-diff.py', 'config-migrate.py', 'config-watch.py', 'generate_instance_config.py', 'run_tests.py'],
  ...[
    'time_monitor.py --check',
    '--monitor',
    '--interval',
    '--log-file',
    'start-',
    'stop-',
    'migrate-environment.sh',
    'test-reconnection.sh',
  ],
]

export const OLD_STUDY_PARAMETERS: readonly string[] = [
  ...['window_seconds', 'buffer_size', 'decimal_places', 'neutral_zone_percent', 'vwap_std_dev_multiplier', 'vwap_min_trades'],
  ...['vwap_annualization_factor', 'bollinger_std_dev_multiplier', 'bollinger_min_trades', 'bollinger_period_seconds'],
]

const ALWAYS = 'study timestamp stream_id'
const DELTA = `${ALWAYS} tick_type current_trade.price current_trade.size current_trade.delta current_trade.timestamp current_quote.bid current_quote.ask current_quote.spread
  summary.window_seconds summary.trade_count summary.total_buy_volume summary.total_sell_volume summary.total_neutral_volume summary.net_delta summary.cumulative_delta
  summary.buy_sell_ratio summary.buy_percentage`

/** Keys of the outputs of each study. */
export const OLD_OUTPUTS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries({
    delta: DELTA,
    true_delta: `${DELTA} current_quote.bid_size current_quote.ask_size calculation_stats.bid_hits calculation_stats.ask_hits calculation_stats.inside_spread
      calculation_stats.no_quote_trades calculation_stats.true_delta_percentage`,
    vwap: `${ALWAYS} vwap.value vwap.upper_band vwap.lower_band vwap.realized_volatility vwap.band_position vwap.distance_from_vwap vwap.distance_from_upper_band
      vwap.distance_from_lower_band summary.window_seconds summary.trade_count summary.total_volume summary.session_start summary.vwap summary.upper_band summary.lower_band
      summary.band_width summary.band_width_percent summary.realized_volatility summary.avg_trade_size summary.band_touches.upper summary.band_touches.lower
      summary.total_band_touches`,
    bollinger: `${ALWAYS} bands.sma bands.upper_band bands.lower_band bands.std_dev bands.band_width bands.band_width_percent bands.is_squeeze analysis.percent_b
      analysis.band_position summary.period_seconds summary.trade_count summary.sma summary.upper_band summary.lower_band summary.std_dev summary.band_width
      summary.band_width_percent summary.band_touches summary.total_band_touches summary.mean_reversion_signals summary.volatility_regime`,
    passthrough: `${ALWAYS} tick_type data metadata.tick_count metadata.study_uptime_seconds protocol_version total_ticks tick_types_seen tick_counts_by_type unique_stream_ids
      stream_ids_seen uptime_seconds recent_ticks`,
  }).map(([name, keys]) => [name, keys.split(/\s+/)]),
)

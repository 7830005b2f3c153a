-- The archive as tables, for DuckDB 1.2 or newer:  cd data && duckdb -init /path/to/ops/duckdb/ib-stream.sql
-- Another folder:  SET VARIABLE ib_stream_archive = '/srv/ticks/parquet';  before this file is read. Hours that are not sealed yet are not in it.
SET VARIABLE ib_stream_archive = coalesce(getvariable('ib_stream_archive'), 'parquet');
-- Or a list of files of one's own; `ib-stream sql` gives those of one moment, with the hours that are not sealed yet.
SET VARIABLE ib_stream_files = coalesce(getvariable('ib_stream_files'), [getvariable('ib_stream_archive') || '/cid=*/tt=*/date=*/*.parquet']);
SET TimeZone = 'UTC';
SET parquet_metadata_cache = true; -- footers are read once, not for each statement

-- Every column of every tick type.
CREATE OR REPLACE TEMP TABLE no_ticks (
  cid INTEGER, tt VARCHAR, date DATE, time TIMESTAMPTZ, received TIMESTAMPTZ,
  bid_price DECIMAL(18, 2), bid_size DECIMAL(18, 0), ask_price DECIMAL(18, 2), ask_size DECIMAL(18, 0), bid_past_low BOOLEAN, ask_past_high BOOLEAN,
  price DECIMAL(18, 2), size DECIMAL(18, 0), exchange VARCHAR, conditions VARCHAR, unreported BOOLEAN, past_limit BOOLEAN,
  mid_point DECIMAL(18, 2), backfilled BOOLEAN, request_id INTEGER
);

-- NULL where a type has no such column. cid, tt and date come from the path, so a filter on them opens only the files it names.
CREATE OR REPLACE TEMP VIEW ticks AS
FROM no_ticks WHERE false
UNION ALL BY NAME
SELECT * FROM read_parquet(
  getvariable('ib_stream_files'),
  hive_partitioning = true, hive_types = {cid: INTEGER, tt: VARCHAR, date: DATE}, union_by_name = true
);

CREATE OR REPLACE TEMP VIEW quotes AS
SELECT cid, date, time, received, bid_price, bid_size, ask_price, ask_size, bid_past_low, ask_past_high, backfilled FROM ticks WHERE tt = 'bid_ask';

CREATE OR REPLACE TEMP VIEW trades AS
SELECT cid, tt, date, time, received, price, size, exchange, conditions, unreported, past_limit, backfilled FROM ticks WHERE tt IN ('last', 'all_last');

-- When a tick was heard; of one that was filled in later from IB's history only the time that IB gives says when it happened.
CREATE OR REPLACE TEMP MACRO heard(received_at, time_at, is_backfilled) AS CASE WHEN is_backfilled THEN time_at ELSE received_at END;

-- Query order within a stream, in one number, which is faster than a pair of stamps: these are below 2^53 µs.
CREATE OR REPLACE TEMP MACRO place(time_at, received_at) AS epoch_us(time_at)::HUGEINT * 9007199254740992 + epoch_us(received_at);

-- One-minute bars of trades, by the time that IB gives. A halt (price and size 0) is no trade.
CREATE OR REPLACE TEMP VIEW bars_1m AS
SELECT cid, tt, date, time_bucket(INTERVAL 1 minute, time) AS minute,
  arg_min(price, place(time, received)) AS open, max(price) AS high, min(price) AS low, arg_max(price, place(time, received)) AS close,
  sum(size) AS volume, count(*) AS trades, sum(price * size)::DOUBLE / nullif(sum(size), 0)::DOUBLE AS vwap
FROM trades WHERE price != 0 OR size > 0 GROUP BY ALL;

-- Ticks of a contract from a moment on to before another:  FROM session(265598, '2025-07-30 13:30:00Z', '2025-07-30 20:00:00Z')
CREATE OR REPLACE TEMP MACRO session(contract, start_time, end_time) AS TABLE
SELECT * FROM ticks
WHERE cid = contract AND date BETWEEN (start_time::TIMESTAMPTZ)::DATE AND (end_time::TIMESTAMPTZ)::DATE
  AND time >= start_time::TIMESTAMPTZ AND time < end_time::TIMESTAMPTZ;

-- Each trade with the quote that stood when it was heard:  FROM trades_as_of(265598, DATE '2025-07-30')
-- Quotes of the last hour of the day before still stand at its beginning.
CREATE OR REPLACE TEMP MACRO trades_as_of(contract, day) AS TABLE
SELECT t.* EXCLUDE (heard_at), q.heard_at AS quoted, q.bid_price, q.bid_size, q.ask_price, q.ask_size
FROM (SELECT *, heard(received, time, backfilled) AS heard_at FROM trades WHERE cid = contract AND date = day) t
ASOF LEFT JOIN (
  SELECT *, heard(received, time, backfilled) AS heard_at FROM quotes
  WHERE cid = contract AND date BETWEEN day - 1 AND day AND time >= day::TIMESTAMPTZ - INTERVAL 1 hour
) q ON t.heard_at >= q.heard_at;

-- The quote that stood at a moment: the last one heard by then, of the seven days before it:  FROM quote_at(265598, '2025-07-30 15:00:00Z')
-- A quarter of an hour is looked at first, which statistics of the files make quick; the days only where it has none.
CREATE OR REPLACE TEMP MACRO quote_at(contract, moment) AS TABLE
WITH near AS MATERIALIZED (
  FROM (
    FROM quotes
    WHERE cid = contract AND date BETWEEN (moment::TIMESTAMPTZ - INTERVAL 15 minute)::DATE AND (moment::TIMESTAMPTZ)::DATE
      AND received > moment::TIMESTAMPTZ - INTERVAL 15 minute AND received <= moment::TIMESTAMPTZ AND backfilled IS NOT TRUE
    UNION ALL
    FROM quotes
    WHERE cid = contract AND date BETWEEN (moment::TIMESTAMPTZ - INTERVAL 15 minute)::DATE AND (moment::TIMESTAMPTZ)::DATE
      AND time > moment::TIMESTAMPTZ - INTERVAL 15 minute AND time <= moment::TIMESTAMPTZ AND backfilled
  )
  ORDER BY heard(received, time, backfilled) DESC, received DESC LIMIT 1
)
FROM near
UNION ALL
(
  FROM quotes
  WHERE cid = contract AND date BETWEEN (moment::TIMESTAMPTZ)::DATE - 7 AND (moment::TIMESTAMPTZ)::DATE AND heard(received, time, backfilled) = (
    SELECT max(heard(received, time, backfilled)) FROM quotes SEMI JOIN (SELECT contract AS cid WHERE NOT EXISTS (FROM near)) USING (cid)
    WHERE cid = contract AND date BETWEEN (moment::TIMESTAMPTZ)::DATE - 7 AND (moment::TIMESTAMPTZ)::DATE
      AND heard(received, time, backfilled) <= moment::TIMESTAMPTZ
  )
  ORDER BY received DESC LIMIT 1
);

-- Volume-weighted price of a contract's trades:  SELECT vwap(265598, 'last', '2025-07-30 13:30:00Z', '2025-07-30 20:00:00Z')
CREATE OR REPLACE TEMP MACRO vwap(contract, tick_type, start_time, end_time) AS (
  SELECT sum(price * size)::DOUBLE / nullif(sum(size), 0)::DOUBLE FROM trades
  WHERE cid = contract AND tt = tick_type AND date BETWEEN (start_time::TIMESTAMPTZ)::DATE AND (end_time::TIMESTAMPTZ)::DATE
    AND time >= start_time::TIMESTAMPTZ AND time < end_time::TIMESTAMPTZ
);

-- Schema `reference`: the registers and the calendar, as views join them.
-- Filled by shared/registers/load.py; the calendar is filled here and never changes.

CREATE SCHEMA IF NOT EXISTS reference;

CREATE TABLE reference.register_version (
    part      text PRIMARY KEY,
    version   text NOT NULL,
    loaded_at timestamptz NOT NULL
);
COMMENT ON TABLE reference.register_version IS
    'SHA-256 of each register, of the unit rows without names (unit_rows), and of all together (registers).';

CREATE TABLE reference.unit_row (
    key         bigint PRIMARY KEY,
    county      text NOT NULL,
    unit        text NOT NULL,
    name_fi     text NOT NULL,
    name_sv     text NOT NULL,
    name_en     text NOT NULL,
    service_area text NOT NULL,
    result_area text NOT NULL,
    division    text NOT NULL,
    region      text NOT NULL,
    sensitive   boolean NOT NULL,
    valid_from  date,
    valid_to    date,
    current     boolean NOT NULL
);
COMMENT ON TABLE reference.unit_row IS
    'A row of units.csv, or the gap row of a unit (days that no row covers: levels empty). '
    'key follows from the content; rows of earlier registers stay with current = false, buckets refer to them. '
    'valid_from null: always so far; valid_to null: open.';
CREATE INDEX unit_row_unit ON reference.unit_row (county, unit);

CREATE TABLE reference.unit_scope (
    unit_row    bigint NOT NULL REFERENCES reference.unit_row (key) ON DELETE CASCADE,
    county      text NOT NULL,
    scope_level text NOT NULL
        CHECK (scope_level IN ('county', 'division', 'result_area', 'service_area', 'region', 'unit')),
    scope       text NOT NULL,
    PRIMARY KEY (unit_row, scope_level)
);
COMMENT ON TABLE reference.unit_scope IS 'The six scopes a unit row counts under; ''-'' where the level is empty.';
CREATE INDEX unit_scope_scope ON reference.unit_scope (county, scope_level, scope);

CREATE TABLE reference.sector (
    sector text PRIMARY KEY,
    kind   text NOT NULL CHECK (kind IN ('health', 'social'))
);

CREATE TABLE reference.outcome (
    outcome               text NOT NULL,
    classification        text NOT NULL,
    resolved              boolean NOT NULL,
    first_line_resolvable boolean NOT NULL,
    hyte                  boolean NOT NULL,
    PRIMARY KEY (outcome, classification)
);
COMMENT ON TABLE reference.outcome IS
    'Flags of an outcome; an empty classification holds where the pair is not listed.';

CREATE TABLE reference.promise (
    county     text NOT NULL,
    line       text NOT NULL,
    channel    text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('minutes', 'same_day', 'working_days')),
    amount     integer NOT NULL CHECK (amount >= 0),
    valid_from date,
    UNIQUE NULLS NOT DISTINCT (county, line, channel, valid_from)
);
COMMENT ON TABLE reference.promise IS 'For people to read; due times are worked out by shared/registers/promises.py.';

CREATE TABLE reference.theme (
    theme text NOT NULL,
    stem  text NOT NULL,
    PRIMARY KEY (theme, stem)
);

CREATE TABLE reference.key_result (
    id      text PRIMARY KEY,
    place   integer NOT NULL,
    name_fi text NOT NULL,
    name_sv text NOT NULL,
    name_en text NOT NULL,
    spec    jsonb NOT NULL
);
COMMENT ON TABLE reference.key_result IS 'Key results in the order of the file; spec has the names of key_results.yaml.';

CREATE TABLE reference.segment_rule (
    version        text NOT NULL,
    enabled        text[] NOT NULL,
    figures_from   date NOT NULL,
    e3_results     text[] NOT NULL,
    e3_valid_days  integer NOT NULL,
    e4_min_sectors integer NOT NULL,
    e4_window_days integer NOT NULL,
    e6_scheme      text NOT NULL,
    e6_segment     text NOT NULL
);
CREATE UNIQUE INDEX segment_rule_one ON reference.segment_rule ((true));

-- Views join months to periods by equality; years 1..2200 cover every accepted event.
CREATE TABLE reference.period_month (
    period_kind text NOT NULL CHECK (period_kind IN ('month', 'quarter', 'year')),
    period      text NOT NULL,
    month       date NOT NULL,
    first_day   date NOT NULL,
    last_day    date NOT NULL,
    PRIMARY KEY (period_kind, period, month)
);
COMMENT ON TABLE reference.period_month IS
    'The months (named by their first day) of every month, quarter and year; first_day and last_day of the period.';

INSERT INTO reference.period_month (period_kind, period, month, first_day, last_day)
SELECT kind, period, month, first_day, (first_day + length - interval '1 day')::date
  FROM (SELECT make_date(y, m, 1) AS month, lpad(y::text, 4, '0') AS year, y, m
          FROM generate_series(1, 2200) AS y, generate_series(1, 12) AS m) AS months
 CROSS JOIN LATERAL (VALUES
       ('month', year || '-' || lpad(m::text, 2, '0'), month, interval '1 month'),
       ('quarter', year || 'Q' || (m + 2) / 3, make_date(y, (m - 1) / 3 * 3 + 1, 1), interval '3 months'),
       ('year', year, make_date(y, 1, 1), interval '1 year')
 ) AS periods (kind, period, first_day, length)
 ORDER BY kind, period, month;

CREATE INDEX period_month_month ON reference.period_month (month, period_kind) INCLUDE (period, first_day, last_day);
ANALYZE reference.period_month;

-- The instant that a figure is read at: the session's `hva.as_of`, else now.
CREATE FUNCTION reference.as_of() RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(nullif(current_setting('hva.as_of', true), '')::timestamptz, now());

-- The date in Helsinki at an instant. Immutable: the past of the zone does not change.
CREATE FUNCTION reference.local_day(t timestamptz) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (t AT TIME ZONE 'Europe/Helsinki')::date;

CREATE FUNCTION reference.as_of_day() RETURNS date
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN reference.local_day(reference.as_of());

GRANT USAGE ON SCHEMA reference TO hva_ingest, hva_nps, hva_fcr, hva_segments, hva_steward, hva_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA reference
    TO hva_ingest, hva_nps, hva_fcr, hva_segments, hva_steward, hva_reader;
-- Services and the steward load the registers; the calendar is nobody's to change.
GRANT INSERT, UPDATE, DELETE
    ON reference.register_version, reference.unit_row, reference.unit_scope, reference.sector, reference.outcome,
       reference.promise, reference.theme, reference.key_result, reference.segment_rule
    TO hva_ingest, hva_nps, hva_fcr, hva_segments, hva_steward;

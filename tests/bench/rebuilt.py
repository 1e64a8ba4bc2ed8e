"""The buckets of `fcr` and `segments` computed from their facts in SQL: a second implementation of their
`contributions`, for facts that no service wrote.
"""

from collections.abc import Iterator
from typing import Final

from services.fcr.domain import ACCESS, HANDLED, RESOLUTION_CHANNELS, WAIT_BOUNDS, WINDOWS
from services.fcr.facts import FIRST_LINE_CHANNELS
from shared.deltas import Measure
from tests.bench.family import FCR, SEGMENTS, Family


def _texts(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


_ON_TIME: Final = "promised and first_line and not early and response is not null"
_COUNTS: Final[dict[str, str]] = {
    "inbound": "first_line",
    "early": "first_line and early",
    "handled": "handled",
    **{mode: f"handled and answer_mode = '{mode}'" for mode in ("direct", "callback")},
    "callback_requested": "first_line and callback_requested_at is not null",
    "callback_same_day": "first_line and callback_requested_at is not null and callback_same_day",
    "promised": _ON_TIME,
    "promise_kept": f"{_ON_TIME} and response <= due",
    "awaited": "promised and first_line and not early and response is null",
    "bounced": "handled and transfers >= 2",
    **{channel: f"channel = '{channel}'" for channel in (*FIRST_LINE_CHANNELS, "digital_booking")},
    **{f"w{i}": f"first_line and wait = {i}" for i in range(len(WAIT_BOUNDS) + 1)},
}
_LINKABLE: Final = "resolving and own_client is not null and reason is not null"
_HANDLED: Final[dict[str, str]] = {
    "handled": "resolving",
    "linkable": _LINKABLE,
    "guided": "true",
    **{f"unrepeated_{days}": f"{_LINKABLE} and coalesce(repeated_within, 31) > {days}" for days in WINDOWS},
    **{f"repeats_{days}": f"{_LINKABLE} and repeats_within <= {days}" for days in WINDOWS},
}
# A wait equal to a bound belongs to the bucket below it. width_bucket puts it above, so both are negated.
_CONTACTS: Final = f"""
select *, channel in ({_texts(FIRST_LINE_CHANNELS)}) as first_line,
  channel in ({_texts(RESOLUTION_CHANNELS)}) as resolving,
  due is not null as promised, coalesce(outcome, '') as outcome_code, coalesce(classification, '') as class,
  coalesce(abandoned and not handled and ended_at - started_at <= interval '5 seconds', false) as early,
  {len(WAIT_BOUNDS)} - width_bucket(-extract(epoch from response - started_at)::float8,
    array[{", ".join(f"-{bound}" for bound in reversed(WAIT_BOUNDS))}]::float8[]) as wait
from fcr.contact, lateral (select least(answered_at, callback_first_attempt_at, callback_reached_at)) first(response)
where counted and channel in ({_texts((*FIRST_LINE_CHANNELS, "digital_booking"))})
"""


def rebuild(family: Family) -> Iterator[str]:
    """Statements that create temporary tables `<measure>_day` and `<measure>_month` with all buckets."""
    yield from _BASE_TABLES[family.name]()
    for measure in family.measures:
        yield _grain(measure, "day", "county, day, unit_row")
        yield _grain(measure, "month", "county, date_trunc('month', day)::date as month, unit_row, channel, segment")


def _contact_base() -> Iterator[str]:
    yield f"create temp table access_base as {_base_query(ACCESS, _CONTACTS, _counted(ACCESS, _COUNTS), 'line')}"
    codes = "line, outcome_code as outcome, class as classification"
    yield (
        "create temp table handled_base as "
        + _base_query(HANDLED, f"select * from ({_CONTACTS}) c where handled", _counted(HANDLED, _HANDLED), codes)
    )
    yield (
        "create temp table hyte_count_base as select county, day, unit_row, 'all' as channel, 'all' as segment, kind, "
        "sum(amount)::bigint as amount from fcr.hyte where not retracted group by 1, 2, 3, 4, 5, 6"
    )


def _care_base() -> Iterator[str]:
    yield (
        "create temp table care_base as select county, day, unit_row, 'all' as channel, segment, sector, event_class, "
        "count(*) as events from segments.service_event where done group by 1, 2, 3, 4, 5, 6, 7"
    )
    yield (
        "create temp table suuntima_base as select county, day, unit_row, 'all' as channel, 'all' as segment, "
        "battery, sex, result, count(*) as assessments from segments.assessment where not retracted "
        "group by 1, 2, 3, 4, 5, 6, 7, 8"
    )


_BASE_TABLES: Final = {FCR.name: _contact_base, SEGMENTS.name: _care_base}


def _counted(measure: Measure, conditions: dict[str, str]) -> str:
    return ", ".join(
        "coalesce(sum(transfers) filter (where handled), 0)::bigint as transfers"
        if name == "transfers"
        else f"count(*) filter (where {conditions[name]}) as {name}"
        for name in measure.counts
    )


def _base_query(measure: Measure, source: str, counts: str, codes: str) -> str:
    keys = 5 + len(measure.codes)
    positions = ", ".join(str(i + 1) for i in range(keys))
    return f"select county, day, unit_row, channel, segment, {codes}, {counts} from ({source}) c group by {positions}"


def _grain(measure: Measure, grain: str, keys: str) -> str:
    names = ", ".join((keys, *measure.codes))
    sums = ", ".join(f"sum({name})::bigint as {name}" for name in measure.counts)
    positions = ", ".join(str(i + 1) for i in range(names.count(",") + 1 - keys.count("('month', ")))
    return (
        f"create temp table {measure.name}_{grain} as select {names}, {sums} from {measure.name}_base "
        f"group by {positions} having {' or '.join(f'sum({name}) <> 0' for name in measure.counts)}"
    )


def tables(family: Family) -> Iterator[tuple[Measure, str]]:
    """Every measure with the names of its bucket tables, without the schema."""
    return ((measure, f"{measure.name}_{grain}") for measure in family.measures for grain in ("day", "month"))


def differing(family: Family, measure: Measure, table: str) -> str:
    """A query for the number of buckets that differ between the service and the rebuild; rows of zeros are ignored."""
    stored = f"select * from {family.name}.{table} where {' or '.join(f'{name} <> 0' for name in measure.counts)}"
    rebuilt = f"select * from pg_temp.{table}"
    return f"select count(*) from (({stored} except {rebuilt}) union all ({rebuilt} except {stored})) difference"


def replace_buckets(family: Family, table: str) -> tuple[str, str]:
    """Statements that replace the service's buckets by the rebuilt ones."""
    return f"truncate {family.name}.{table}", f"insert into {family.name}.{table} select * from pg_temp.{table}"

"""Parts of `hva serve` that need no server: settings, texts, numbers, metrics of services, the cache."""

import asyncio
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from deploy.serve.cache import Cache
from deploy.serve.language import TEXTS, duration, language_of_path
from deploy.serve.published import quarters_until
from deploy.serve.services import Replica, Service, dead_letters_by_reason, parse
from deploy.serve.settings import ServeSettings, read_serve_settings
from shared.contracts.catalogue import Stream
from shared.contracts.reasons import Reason
from shared.settings import SettingsError

DSN = "postgresql://hva_reader:x@db/hva"


def keys_of(texts: Mapping[str, Any], prefix: str = "") -> set[str]:
    """All keys, with the placeholders of their texts."""
    found: set[str] = set()
    for key, value in texts.items():
        if isinstance(value, Mapping):
            found |= keys_of(value, f"{prefix}{key}.")
        else:
            found.add(f"{prefix}{key} {sorted(re.findall('{[a-z]+}', str(value)))}")
    return found


def test_every_language_has_every_text() -> None:
    assert keys_of(TEXTS["fi"]) == keys_of(TEXTS["sv"]) == keys_of(TEXTS["en"])
    for texts in TEXTS.values():
        assert set(texts["dead"]["reasons"]) == {str(reason) for reason in Reason}
        assert set(texts["streams"]) == {str(stream.value) for stream in Stream}
        assert len(texts["reports"]["months"]) == 4


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3.0, "0 s"),
        (0.01, "0.01 s"),
        (2.5, "2.5 s"),
        (45, "45 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (47.9 * 3600, "47 h"),
        (48 * 3600, "2 d"),
    ],
)
def test_duration_has_one_unit(seconds: float, text: str) -> None:
    assert duration("en", seconds) == text.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("path", "language"), [("/sv", "sv"), ("/report/x/y/en.csv", "en"), ("/fi/", "fi"), ("/", None), ("/english", None)]
)
def test_language_of_a_path_is_its_end(path: str, language: str | None) -> None:
    assert language_of_path(path) == language


def test_quarters_are_those_begun_in_published_years_newest_first() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    years = {("oma-hame", 2026): at, ("oma-hame", 2025): at}
    found = [quarter for _, quarter in quarters_until(years, date(2026, 5, 1))]
    assert found == ["2026Q2", "2026Q1", "2025Q4", "2025Q3", "2025Q2", "2025Q1"]
    assert quarters_until(years, date(2026, 3, 31))[0] == ("oma-hame", "2026Q1")


def test_settings_have_defaults_and_services() -> None:
    assert read_serve_settings({"HVA_POSTGRES_URL": DSN}) == ServeSettings(DSN)
    found = read_serve_settings(
        {"HVA_POSTGRES_URL": DSN, "HVA_SERVE_SERVICES": "nps=http://nps:9000, fcr=http://[::1]:9000/"}
    )
    assert found.services == {"nps": "http://nps:9000", "fcr": "http://[::1]:9000"}


def test_wrong_settings_are_named_together() -> None:
    wrong = {"HVA_SERVE_PORT": "99999", "HVA_SERVE_SERVICES": "nps", "HVA_LOG_LEVEL": "LOUD"}
    with pytest.raises(SettingsError) as error:
        read_serve_settings(wrong)
    for name in (*wrong, "HVA_POSTGRES_URL is not set"):
        assert name in str(error.value)


METRICS = """# HELP hva_freshness_seconds Time
# TYPE hva_freshness_seconds histogram
hva_freshness_seconds_bucket{le="0.5"} 90.0
hva_freshness_seconds_bucket{le="1.0"} 96.0
hva_freshness_seconds_bucket{le="+Inf"} 100.0
hva_freshness_seconds_count 100.0
hva_dead_letters_open{reason="schema"} 3.0
hva_consumer_lag_records{partition="0",service="nps",topic="t"} 10.0
hva_consumer_lag_records{partition="1",service="nps",topic="t"} 5.0
hva_nps_score{county="x"} not-even-read
"""


def test_replicas_share_dead_letters_and_divide_the_lag() -> None:
    one = parse({"ready": True, "troubles": {}}, METRICS)
    other = parse({"ready": False, "troubles": {"kafka": "away"}}, METRICS)
    both = Service("nps", (one, other))
    assert (one.lag, one.problems, other.problems) == (15, (), ("kafka: away",))
    assert (both.lag, both.dead_letters, both.fresh_within_s, both.ready) == (30, {"schema": 3}, 1.0, False)
    assert dead_letters_by_reason([both, Service("fcr", (None,))]) == [("nps", "schema", 3)]


def test_service_without_an_answer_has_no_numbers() -> None:
    away, idle = Service("nps", (None,)), Service("nps", (Replica(True),))
    assert (away.ready, away.lag, away.fresh_within_s) == (False, None, None)
    assert (idle.ready, idle.lag, idle.fresh_within_s) == (True, 0, None)
    late = Service("nps", (Replica(True, fresh_buckets={300.0: 1.0, math.inf: 100.0}),))
    assert late.fresh_within_s == math.inf


@pytest.mark.parametrize("page", [{}, {"ready": True}, [], {"ready": True, "troubles": None}])
def test_page_of_something_else_is_no_service(page: Any) -> None:
    with pytest.raises(ValueError, match="not the page of a service"):
        parse(page, "")


async def test_cache_computes_once_and_forgets_the_oldest_and_the_failed() -> None:
    cache: Cache[int] = Cache(2)
    made: list[str] = []

    async def make(key: str) -> int:
        made.append(key)
        await asyncio.sleep(0)
        if key == "bad":
            raise ValueError
        return len(made)

    assert await asyncio.gather(*(cache.get("a", lambda: make("a")) for _ in range(5))) == [1] * 5
    for _ in range(2):
        with pytest.raises(ValueError):
            await cache.get("bad", lambda: make("bad"))
    assert made == ["a", "bad", "bad"]
    await cache.get("b", lambda: make("b"))
    await cache.get("a", lambda: make("a"))
    await cache.get("c", lambda: make("c"))
    assert len(cache) == 2 and made == ["a", "bad", "bad", "b", "c"]
    await cache.get("b", lambda: make("b"))
    assert made[-1] == "b"

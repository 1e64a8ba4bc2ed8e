"""The state of the services, read from their pages /readyz and /metrics."""

import asyncio
import math
import socket
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import orjson
from prometheus_client.parser import text_string_to_metric_families

TIMEOUT_S: Final = 3.0
_READ: Final = ("hva_dead_letters_open", "hva_consumer_lag_records", "hva_freshness_seconds")
_QUANTILE: Final = 0.95
_UNAVAILABLE: Final = (OSError, TimeoutError, ValueError, aiohttp.ClientError)


@dataclass(frozen=True, slots=True)
class Replica:
    """What one replica of a service says. `problems` are sentences of the service, without values."""

    ready: bool
    problems: tuple[str, ...] = ()
    lag: int = 0  # records
    dead_letters: Mapping[str, int] = field(default_factory=dict)  # by reason
    fresh_buckets: Mapping[float, float] = field(default_factory=dict)  # records by upper bound in seconds, cumulative


@dataclass(frozen=True, slots=True)
class Service:
    """A service with its replicas; None is one that does not answer."""

    name: str
    replicas: tuple[Replica | None, ...]

    @property
    def answering(self) -> list[Replica]:
        return [replica for replica in self.replicas if replica is not None]

    @property
    def ready(self) -> bool:
        """Whether every replica answers and is ready."""
        return all(replica is not None and replica.ready for replica in self.replicas)

    @property
    def problems(self) -> list[str]:
        return sorted({problem for replica in self.answering for problem in replica.problems})

    @property
    def lag(self) -> int | None:
        """Records that are not consumed yet; None where no replica answers. Each replica has its own partitions."""
        return sum(replica.lag for replica in self.answering) if self.answering else None

    @property
    def dead_letters(self) -> Counter[str]:
        """Open dead letters by reason. All replicas count the same table."""
        found: Counter[str] = Counter()
        for replica in self.answering:
            found |= Counter(replica.dead_letters)
        return found

    @property
    def fresh_within_s(self) -> float | None:
        """The bound in seconds within which 95 % of the records since the start were committed; None without one."""
        buckets: dict[float, float] = {}
        for replica in self.answering:
            for bound, records in replica.fresh_buckets.items():
                buckets[bound] = buckets.get(bound, 0.0) + records
        total = buckets.get(math.inf, 0.0)
        return min(bound for bound, records in buckets.items() if records >= _QUANTILE * total) if total else None


async def read_services(session: aiohttp.ClientSession, services: Mapping[str, str]) -> list[Service]:
    """Ask all replicas of all services concurrently; takes at most a little more than TIMEOUT_S."""
    return list(await asyncio.gather(*(_service(session, name, url) for name, url in services.items())))


async def _service(session: aiohttp.ClientSession, name: str, url: str) -> Service:
    try:
        urls = await _replica_urls(url)
    except _UNAVAILABLE:
        return Service(name, (None,))
    return Service(name, tuple(await asyncio.gather(*(_replica(session, one) for one in urls))))


async def _replica_urls(url: str) -> list[str]:
    """A URL for each address of the host: replicas share a name."""
    parts = urlsplit(url)
    async with asyncio.timeout(TIMEOUT_S):
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    hosts = sorted({(f"[{address[0]}]" if family == socket.AF_INET6 else address[0]) for family, *_, address in found})
    return [f"http://{host}:{parts.port or 80}" for host in hosts]


async def _replica(session: aiohttp.ClientSession, url: str) -> Replica | None:
    try:
        (_, ready), (status, metrics) = await asyncio.gather(
            _get(session, f"{url}/readyz"), _get(session, f"{url}/metrics")
        )
        return parse(orjson.loads(ready), metrics) if status == HTTPStatus.OK else None
    except _UNAVAILABLE:
        return None


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with session.get(url, timeout=aiohttp.ClientTimeout(TIMEOUT_S), allow_redirects=False) as answer:
        return answer.status, await answer.text()


def parse(ready: Mapping[str, Any], metrics: str) -> Replica:
    """A replica from the bodies of its two pages. Raises ValueError where they are not those of a service."""
    try:
        problems = tuple(f"{part}: {text}" for part, text in ready["troubles"].items())
        is_ready = bool(ready["ready"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not the page of a service") from error
    lag, dead_letters, buckets = 0.0, Counter[str](), dict[float, float]()
    for name, labels, value in _samples(metrics):
        if name == "hva_consumer_lag_records":
            lag += value
        elif name == "hva_dead_letters_open":
            dead_letters[labels.get("reason", "")] += int(value)
        elif name == "hva_freshness_seconds_bucket":
            bound = float(labels["le"])
            buckets[bound] = buckets.get(bound, 0.0) + value
    return Replica(is_ready, problems, int(lag), dead_letters, buckets)


def _samples(metrics: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """The samples that are read. The page has hundreds of others, and its parser is slow."""
    lines = (line for line in metrics.splitlines() if line.startswith(_READ))
    for family in text_string_to_metric_families("\n".join([*lines, ""])):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def dead_letters_by_reason(services: Iterable[Service]) -> list[tuple[str, str, int]]:
    """Service, reason and number of open dead letters, most first."""
    found = [(service.name, reason, n) for service in services for reason, n in service.dead_letters.items() if n]
    return sorted(found, key=lambda row: (-row[2], row[0], row[1]))

"""Tables of facts: set-based upserts that tell what really changed.

A fact's primary key is its business identity (county, id), and `rank` its place in the contract's order. The
upsert takes a row only where the order is greater, and returns what stood there before: redelivery, duplicates,
corrections, retractions and any order of arrival need no other mechanism.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import orjson

from shared.contracts.order import unrank
from shared.postgres.lock import Connection


class FactLike(Protocol):
    """What the table needs to know of a fact."""

    @property
    def county(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def rank(self) -> bytes: ...


F = TypeVar("F", bound=FactLike)


class Change(NamedTuple, Generic[F]):
    """A fact before (None: not known before) and after."""

    old: F | None
    new: F


class Upserted(NamedTuple, Generic[F]):
    """What an upsert changed, and how many events had an equal revision and other content."""

    changes: list[Change[F]]
    conflicts: int


@dataclass(frozen=True)
class FactTable(Generic[F]):
    """A table whose columns are the fields of a fact class, under the same names.

    `columns` gives the PostgreSQL type of every field but `county`. Fields of type jsonb go through JSON.
    `derived` names those that follow from other facts or registers and may change without a new event. `computed` are
    columns of what a fact says of itself (its properties): written for queries and indexes, never read back.
    """

    name: str
    fact: type[F]
    columns: Mapping[str, str]
    derived: tuple[str, ...]
    computed: Mapping[str, str] = field(default_factory=dict)

    async def upsert(self, connection: Connection, county: str, facts: Iterable[F]) -> Upserted[F]:
        """Write the facts of one county that win over what is stored; its lock must be held."""
        best, conflicts = greatest(facts)
        if not best:
            return Upserted([], 0)
        rows = await connection.fetch(self._upsert_sql, county, *self._arrays(best.values(), self._written))
        changes = [Change(self._old(row), best[row["new_id"]]) for row in rows]
        conflicts += sum(c.old is not None and conflicting(c.old.rank, c.new.rank) for c in changes)
        if len(changes) < len(best):
            losers = {id: best[id].rank for id in best.keys() - {row["new_id"] for row in rows}}
            conflicts += await self._count_conflicts(connection, county, losers)
        return Upserted(changes, conflicts)

    async def probe(
        self, connection: Connection, county: str, column: str, values: Iterable[str], condition: str = "true"
    ) -> list[F]:
        """The facts of a county whose `column`, which has an index, is one of the values, by one probe each.

        `condition` is SQL over the table, which it may call `fact`.
        """
        return await self.select(connection, probes(self.name, column), condition, county, sorted(set(values)))

    async def load(self, connection: Connection, condition: str, *arguments: object) -> list[F]:
        """The facts that a condition selects; it is SQL over the table, which it may call `fact`."""
        return await self.select(connection, f"from {self.name} fact", condition, *arguments)

    async def select(self, connection: Connection, source: str, condition: str, *arguments: object) -> list[F]:
        """The facts that a `from`, which calls them `fact`, and a condition select."""
        names = ", ".join(f"fact.{name}" for name in ("county", *self.columns))
        rows = await connection.fetch(f"select {names} {source} where {condition}", *arguments)
        return [self._fact(row) for row in rows]

    async def update_derived(self, connection: Connection, county: str, facts: Sequence[F]) -> None:
        """Write the derived fields of stored facts; the county's lock must be held."""
        await self._update(connection, county, facts, self.derived)

    async def overwrite(self, connection: Connection, county: str, facts: Sequence[F]) -> None:
        """Write every field of stored facts, whatever their order; the county's lock must be held."""
        await self._update(connection, county, facts, tuple(name for name in self._written if name != "id"))

    async def _update(self, connection: Connection, county: str, facts: Sequence[F], names: tuple[str, ...]) -> None:
        if not facts:
            return
        columns = {"id": "text", **{name: self._written[name] for name in names}}
        sets = ", ".join(f"{name} = revised.{name}" for name in names)
        # Fenced, so that the county is no constant of the outer query.
        revised = fenced(f"select $1::text, * from unnest({_parameters(columns)})")
        await connection.execute(
            f"update {self.name} fact set {sets} from {revised} revised(of, {', '.join(columns)}) "
            "where fact.county = revised.of and fact.id = revised.id",
            county,
            *self._arrays(facts, columns),
        )

    def _arrays(self, facts: Iterable[F], columns: Mapping[str, str]) -> list[list[object]]:
        """One array a column, in the columns' order."""
        known = list(facts)
        arrays = ((kind, map(attrgetter(name), known)) for name, kind in columns.items())
        return [[_to_json(value) for value in values] if kind == "jsonb" else list(values) for kind, values in arrays]

    async def _count_conflicts(self, connection: Connection, county: str, losers: Mapping[str, bytes]) -> int:
        stored = await connection.fetch(f"select fact.id, fact.rank {probes(self.name, 'id')}", county, list(losers))
        return sum(conflicting(row["rank"], losers[row["id"]]) for row in stored)

    def _old(self, row: Any) -> F | None:
        return None if row["rank"] is None else self._fact(row)

    def _fact(self, row: Any) -> F:
        values = {name: _from_store(row[name], kind) for name, kind in self.columns.items()}
        make: Callable[..., F] = self.fact
        return make(county=row["county"], **values)

    @cached_property
    def _written(self) -> Mapping[str, str]:
        return {**self.columns, **self.computed}

    @cached_property
    def _upsert_sql(self) -> str:
        names = ", ".join(self._written)
        excluded = ", ".join(f"excluded.{name}" for name in self._written)
        old = ", ".join(f"old.{name}" for name in ("county", *self.columns))
        return (
            f"insert into {self.name} as fact (county, {names}) "
            f"select $1, * from unnest({_parameters(self._written)}) "
            f"on conflict (county, id) do update set ({names}) = row({excluded}) "
            f"where fact.rank < excluded.rank returning new.id as new_id, {old}"
        )


def fenced(query: str) -> str:
    """A subquery that PostgreSQL plans by itself: `offset 0` changes no row, and a query that has it is never merged
    into the query around it, so that conditions of the one are not mixed with the other's.
    """
    return f"({query} offset 0)"


def probe_each(wanted: str, query: str, name: str = "fact") -> str:
    """`from` with the rows that `query` finds for each row of `wanted`, called `name`.

    Written so that the only plan is a probe of the index that `query` names by its condition, for each row. A plain
    join or `= any($2)` lets the planner read all of a county instead, and it does so wherever statistics are missing
    or old, since it then takes a county for a two-hundredth of the table: a batch costs what the history costs. The
    fence keeps the probe apart from the conditions of the query around it, whose selectivity is guessed as badly.
    """
    return f"from {wanted} cross join lateral {fenced(query)} {name}"


def probes(table: str, column: str) -> str:
    """`from` with the rows of county $1 whose `column`, which has an index, is among the texts $2 (each once), called
    `fact`.
    """
    found = f"select * from {table} where county = $1 and {column} = wanted.value"
    return probe_each("unnest($2::text[]) wanted(value)", found)


def person_probes(table: str, columns: str = "*") -> str:
    """`from` with the rows of the persons $1 (each once), called `fact`. A person is of one county."""
    return probe_each(
        "unnest($1::bigint[]) wanted(value)", f"select {columns} from {table} where person = wanted.value"
    )


def _parameters(columns: Mapping[str, str]) -> str:
    return ", ".join(f"${i}::{kind}[]" for i, kind in enumerate(columns.values(), 2))


def _to_json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _from_store(value: Any, kind: str) -> Any:
    if kind != "jsonb" or value is None:
        return value
    loaded = orjson.loads(value)
    return tuple(loaded) if isinstance(loaded, list) else loaded


def greatest(facts: Iterable[F]) -> tuple[dict[str, F], int]:
    """The greatest fact of every id, sorted by id, and the conflicts met among them."""
    best: dict[str, F] = {}
    conflicts = 0
    for fact in facts:
        known = best.setdefault(fact.id, fact)
        if known is not fact:
            conflicts += conflicting(known.rank, fact.rank)
            if known.rank < fact.rank:
                best[fact.id] = fact
    return dict(sorted(best.items())), conflicts


def conflicting(one: bytes, other: bytes) -> bool:
    """Whether two ranks are of an equal revision with other content: someone numbers two states alike."""
    if one == other:
        return False
    a, b = unrank(one), unrank(other)
    return a.revision == b.revision and a.digest != b.digest

"""Fact tables: set-based upserts that return what really changed.

A fact's primary key is its business identity (county, id), and its `rank` decides which event wins. The upsert takes a
row only if its rank is greater, and returns the previous row. Redelivery, duplicates, corrections, retractions and any
order of arrival need no other mechanism.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import orjson

from shared.contracts.rank import decode_rank
from shared.postgres.lock import Connection


class FactLike(Protocol):
    """The fields of a fact that every table needs. Facts are named tuples, whose first field is the county."""

    @property
    def county(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def rank(self) -> bytes: ...


F = TypeVar("F", bound=FactLike)


class Change(NamedTuple, Generic[F]):
    """A fact before (None: new) and after."""

    old: F | None
    new: F


class Upserted(NamedTuple, Generic[F]):
    """What an upsert changed, and how many events had an equal revision but other content."""

    changes: list[Change[F]]
    conflicts: int


@dataclass(frozen=True)
class FactTable(Generic[F]):
    """A table whose columns are the fields of a fact class, a named tuple, under the same names.

    `columns` gives the PostgreSQL type of every field but `county`. Fields of type jsonb are stored as JSON.
    `derived` names the fields that follow from other facts or registers and may change without a new event. `computed`
    are columns for properties of the fact class: written for queries and indexes, never read back.
    """

    name: str
    fact: type[F]
    columns: Mapping[str, str]
    derived: tuple[str, ...]
    computed: Mapping[str, str] = field(default_factory=dict)

    async def upsert(self, connection: Connection, county: str, facts: Iterable[F]) -> Upserted[F]:
        """Write the facts of one county that win over the stored ones. Its lock must be held."""
        best, conflicts = greatest(facts)
        if not best:
            return Upserted([], 0)
        rows = await connection.fetch(self._upsert_sql, county, *self._arrays(best.values(), self._written))
        changes = [Change(None if row[1] is None else self._fact(row[1:]), best[row[0]]) for row in rows]
        conflicts += sum(c.old is not None and conflicting(c.old.rank, c.new.rank) for c in changes)
        if len(changes) < len(best):
            losers = {id: best[id].rank for id in best.keys() - {change.new.id for change in changes}}
            conflicts += await self._count_conflicts(connection, county, losers)
        return Upserted(changes, conflicts)

    async def probe(
        self, connection: Connection, county: str, column: str, values: Iterable[str], condition: str = "true"
    ) -> list[F]:
        """Load the facts of a county whose indexed `column` is one of the values, with one index probe per value.

        `condition` is SQL over the table, under the alias `fact`.
        """
        return await self.select(connection, probes(self.name, column), condition, county, sorted(set(values)))

    async def load(self, connection: Connection, condition: str, *arguments: object) -> list[F]:
        """Load the facts that a condition selects. It is SQL over the table, under the alias `fact`."""
        return await self.select(connection, f"from {self.name} fact", condition, *arguments)

    async def select(self, connection: Connection, source: str, condition: str, *arguments: object) -> list[F]:
        """Load the facts that a `from` clause with the alias `fact` and a condition select."""
        return await self.fetch(connection, f"select {self.names('fact')} {source} where {condition}", *arguments)

    async def fetch(self, connection: Connection, statement: str, *arguments: object) -> list[F]:
        """Load the facts that a statement with the columns `names` returns."""
        return [self._fact(row) for row in await connection.fetch(statement, *arguments)]

    def names(self, alias: str) -> str:
        """Make the list of the columns of a fact, in the order of its fields."""
        return ", ".join(f"{alias}.{name}" for name in self._fields)

    async def update_derived(self, connection: Connection, county: str, facts: Sequence[F]) -> None:
        """Write the derived fields of stored facts. The county's lock must be held."""
        await self._update(connection, county, facts, self.derived)

    async def overwrite(self, connection: Connection, county: str, facts: Sequence[F]) -> None:
        """Write every field of stored facts, whatever their rank. The county's lock must be held."""
        await self._update(connection, county, facts, tuple(name for name in self._written if name != "id"))

    async def _update(self, connection: Connection, county: str, facts: Sequence[F], names: tuple[str, ...]) -> None:
        if not facts:
            return
        columns = {"id": "text", **{name: self._written[name] for name in names}}
        assignments = ", ".join(f"{name} = revised.{name}" for name in names)
        # Fenced, so that the planner does not see the county as a constant of the outer query.
        revised = fenced(f"select $1::text, * from unnest({_parameters(columns)})")
        await connection.execute(
            f"update {self.name} fact set {assignments} from {revised} revised(county, {', '.join(columns)}) "
            "where fact.county = revised.county and fact.id = revised.id",
            county,
            *self._arrays(facts, columns),
        )

    def _arrays(self, facts: Iterable[F], columns: Mapping[str, str]) -> list[Sequence[object]]:
        """Return one array per column, in the columns' order."""
        listed = list(facts)
        by_field = dict(zip(self._fields, zip(*listed, strict=True), strict=True))
        arrays: list[Sequence[object]] = []
        for name, kind in columns.items():
            values = by_field[name] if name in by_field else tuple(map(attrgetter(name), listed))
            arrays.append([_to_json(value) for value in values] if kind == "jsonb" else values)
        return arrays

    async def _count_conflicts(self, connection: Connection, county: str, losers: Mapping[str, bytes]) -> int:
        stored = await connection.fetch(f"select fact.id, fact.rank {probes(self.name, 'id')}", county, list(losers))
        return sum(conflicting(row["rank"], losers[row["id"]]) for row in stored)

    def _fact(self, row: Iterable[Any]) -> F:
        """Make a fact from its fields as the database returns them, in order."""
        if not self._json_places:
            return self._make(row)
        fields = list(row)
        for place in self._json_places:
            fields[place] = _from_json(fields[place])
        return self._make(fields)

    @cached_property
    def _fields(self) -> tuple[str, ...]:
        return self.fact._fields  # type: ignore[attr-defined,no-any-return]

    @cached_property
    def _make(self) -> Callable[[Iterable[Any]], F]:
        return self.fact._make  # type: ignore[attr-defined,no-any-return]

    @cached_property
    def _json_places(self) -> tuple[int, ...]:
        return tuple(place for place, name in enumerate(self._fields) if self.columns.get(name) == "jsonb")

    @cached_property
    def _written(self) -> Mapping[str, str]:
        return {**self.columns, **self.computed}

    @cached_property
    def _upsert_sql(self) -> str:
        names = ", ".join(self._written)
        excluded = ", ".join(f"excluded.{name}" for name in self._written)
        return (
            f"insert into {self.name} as fact (county, {names}) "
            f"select $1, * from unnest({_parameters(self._written)}) "
            f"on conflict (county, id) do update set ({names}) = row({excluded}) "
            f"where fact.rank < excluded.rank returning new.id, {self.names('old')}"
        )


def fenced(query: str) -> str:
    """Make a subquery that PostgreSQL plans separately. `offset 0` changes no row and keeps the planner from merging
    the subquery, with its conditions, into the outer query.
    """
    return f"({query} offset 0)"


def probe_each(wanted: str, query: str, name: str = "fact") -> str:
    """Make a `from` clause with the rows that `query` finds for each row of `wanted`, under the alias `name`.

    The only possible plan is one index probe per row, on the index that the condition of `query` determines. With a
    plain join or `= any($2)` the planner may read the whole county instead. It does so when statistics are missing or
    old, because it then estimates a county at a two-hundredth of the table, and a batch costs as much as the history.
    The fence separates the probe from the conditions of the outer query, whose selectivity is estimated as badly.
    """
    return f"from {wanted} cross join lateral {fenced(query)} {name}"


def probes(table: str, column: str) -> str:
    """Make a `from` clause with the rows of county $1 whose indexed `column` is among the distinct texts $2, under the
    alias `fact`.
    """
    found = f"select * from {table} where county = $1 and {column} = wanted.value"
    return probe_each("unnest($2::text[]) wanted(value)", found)


def person_probes(table: str, columns: str = "*") -> str:
    """Make a `from` clause with the rows of the distinct persons $1, as `fact`. A person belongs to one county."""
    return probe_each(
        "unnest($1::bigint[]) wanted(value)", f"select {columns} from {table} where person = wanted.value"
    )


def _parameters(columns: Mapping[str, str]) -> str:
    return ", ".join(f"${i}::{kind}[]" for i, kind in enumerate(columns.values(), 2))


def _to_json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _from_json(value: str | None) -> Any:
    loaded = None if value is None else orjson.loads(value)
    return tuple(loaded) if isinstance(loaded, list) else loaded


def greatest(facts: Iterable[F]) -> tuple[dict[str, F], int]:
    """Return the greatest fact of every id, sorted by id, and the number of conflicts among the facts."""
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
    """Whether two ranks have an equal revision but other content: a sender gave two states the same number."""
    if one == other:
        return False
    a, b = decode_rank(one), decode_rank(other)
    return a.revision == b.revision and a.digest != b.digest

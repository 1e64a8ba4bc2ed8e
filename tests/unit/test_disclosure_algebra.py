"""The linear algebra of disclosure control: what follows from equations, and which known counts prove it."""

import random
from collections.abc import Iterable

import pytest

from shared.disclosure.columns import Column
from shared.disclosure.component import Component, Components
from shared.disclosure.elimination import Elimination, Row
from shared.disclosure.equations import Equation
from shared.disclosure.hide import Suppression
from shared.disclosure.inference import following, follows
from shared.disclosure.model import Cell
from shared.disclosure.nonnegative import Substitution, zeros
from shared.disclosure.proof import proofs
from shared.disclosure.propagation import Propagation
from shared.disclosure.system import System
from tests.disclosure.linear import determined


def cell(unit: str) -> Cell:
    return Cell(("nps", "month", "2026-01", "unit", unit, "all", "all"))


def suppression_of(sums: Iterable[tuple[str, str]], hidden: str) -> Suppression:
    """Rows named by letters with 10 answers each; of each sum the wholes and the parts. Nothing else is protected."""
    sums = list(sums)
    cells = {name: cell(name) for name in sorted({name for sides in sums for side in sides for name in side})}
    equations = [Equation(*(tuple(cells[name] for name in side) for side in sides)) for sides in sums]
    found = Suppression(dict.fromkeys(cells.values(), 10), equations, k=0)
    for name in hidden:
        found.hidden[found.number[cells[name]]] = True
    return found


def propagation_of(found: Suppression, tight: str = "") -> Propagation:
    made = Propagation(found, found.sums_of, {found.number[cell(name)] for name in tight})
    made.start(range(len(found.sums)))
    return made


def known(found: Suppression, propagation: Propagation) -> str:
    return "".join(sorted(found.cells[row].scope for row in propagation.known))


def test_the_only_unknown_row_of_an_equation_follows_and_others_from_it() -> None:
    found = suppression_of([("a", "bc"), ("b", "de")], hidden="bd")
    assert known(found, propagation_of(found)) == "bd"


@pytest.mark.parametrize(("tight", "expected"), [("bc", "bc"), ("b", ""), ("", "")])
def test_rows_at_their_least_value_follow_from_their_sum(tight: str, expected: str) -> None:
    found = suppression_of([("a", "bcd")], hidden="bc")
    assert known(found, propagation_of(found, tight)) == expected


def test_a_hidden_total_makes_up_for_its_parts() -> None:
    found = suppression_of([("a", "bc")], hidden="abc")
    assert known(found, propagation_of(found, "abc")) == ""


@pytest.mark.parametrize(("hidden", "expected"), [("a", "a"), ("abc", "")])
def test_results_without_a_total_follow_only_beside_shown_ones(hidden: str, expected: str) -> None:
    found = suppression_of([("", "abc")], hidden)
    assert known(found, propagation_of(found, hidden)) == expected


def test_rows_do_not_prove_each_other_once_their_reason_is_hidden() -> None:
    """b follows from a, and c and d from b. With x hidden, b, c and d would still give each other."""
    found = suppression_of([("a", "bx"), ("b", "cy"), ("b", "dz"), ("c", "dw")], hidden="bcd")
    propagation = propagation_of(found)
    assert known(found, propagation) == "bcd"
    row = found.number[cell("x")]
    found.hidden[row] = True
    propagation.hide([row])
    assert known(found, propagation) == ""


@pytest.mark.parametrize("seed", range(30))
def test_what_follows_is_kept_up_to_date_while_rows_are_hidden(seed: int) -> None:
    chance = random.Random(seed)
    names = "abcdefghijklmnop"
    sums = [(chance.choice(names), "".join(chance.sample(names, 4))) for _ in range(12)]
    sums = [(whole, parts.replace(whole, "")) for whole, parts in sums]
    hidden = chance.sample(sorted({name for sides in sums for side in sides for name in side}), 11)
    tight = "".join(chance.sample(hidden, 6))
    found = suppression_of(sums, "".join(hidden[:5]))
    propagation = propagation_of(found, tight)
    for name in hidden[5:]:
        row = found.number[cell(name)]
        found.hidden[row] = True
        propagation.hide([row])
        assert known(found, propagation) == known(found, propagation_of(found, tight)), name


def random_equations(chance: random.Random) -> tuple[list[Row[int]], set[int]]:
    unknowns = range(chance.randint(4, 14))
    rows = [
        {
            one: chance.choice((1, 1, -1, -1, 2))
            for one in chance.sample(unknowns, min(len(unknowns), chance.randint(2, 5)))
        }
        for _ in range(chance.randint(2, 12))
    ]
    return rows, {one for one in unknowns if chance.random() < chance.choice((0.2, 0.6, 1.0))}


@pytest.mark.parametrize("seed", range(60))
def test_what_follows_agrees_with_linear_programming(seed: int) -> None:
    rows, tight = random_equations(random.Random(seed))
    assert follows(rows, tight) == determined(rows, tight)


@pytest.mark.parametrize("seed", range(60))
def test_what_follows_is_the_same_when_equations_and_unknowns_are_added_later(seed: int) -> None:
    chance = random.Random(seed)
    rows, tight = random_equations(chance)
    rows = [{one: sign * chance.choice((1, 2, 3)) for one, sign in row.items()} for row in rows]
    late = {one for one in range(14) if chance.random() < 0.4}
    early = [{one: coefficient for one, coefficient in row.items() if one not in late} for row in rows]
    first = chance.randint(0, len(rows))
    equations = Elimination(early[:first])
    equations.eliminate(tight)
    equations.add_rows(early[first:])
    equations.add_unknowns({one: {n: row[one] for n, row in enumerate(rows) if one in row} for one in late})
    assert following(equations, tight) == determined(rows, tight)


@pytest.mark.parametrize("seed", range(30))
def test_a_component_grows_while_rows_are_hidden(seed: int) -> None:
    chance = random.Random(seed)
    names = "abcdefghijklmnop"
    sums = [(chance.choice(names), "".join(chance.sample(names, 4))) for _ in range(12)]
    sums = [(whole, parts.replace(whole, "")) for whole, parts in sums]
    hidden = chance.sample(sorted({name for sides in sums for side in sides for name in side}), 11)
    found = suppression_of(sums, "".join(hidden[:7]))
    tight = {found.number[cell(name)] for name in chance.sample(hidden, 5)}
    system = System(found, Column("nps", "promoters", range(len(found.cells)), (), tight, found.sums_of))
    components = Components(system)
    for name in ("", *hidden[7:]):
        system.hide([found.number[cell(name)]] if name else ())
        for row in range(len(found.cells)):
            if not system.is_known(row):
                grown, fresh = components.of(row), Component(system, row)
                assert grown.unknowns == fresh.unknowns
                assert grown.following(tight & grown.unknowns) == fresh.following(tight & fresh.unknowns)


def test_a_component_loses_an_equation_that_says_nothing_any_more() -> None:
    """A row can be hidden and still follow: it is no new unknown count, but its results say nothing without it."""
    found = suppression_of([("", "abc"), ("c", "d"), ("e", "df")], hidden="abdf")
    tight = {found.number[cell(name)] for name in "df"}  # so these follow from their sum, and `c` from one of them
    system = System(found, Column("", "", range(len(found.cells)), (), tight, found.sums_of))
    components = Components(system)
    row, hidden_now = found.number[cell("a")], found.number[cell("c")]
    assert len(components.of(row).unknowns) == 2
    system.hide([hidden_now])
    assert system.is_known(hidden_now)
    assert not components.of(row).unknowns


def test_unknowns_that_cannot_be_positive_are_zero() -> None:
    fixed, steps = zeros([{"a": 1, "b": 1}, {"a": 1, "c": 1, "d": -1}])
    assert {"a", "b"} <= fixed
    assert not fixed & {"c", "d"}
    assert [unknown for unknown, _ in steps]


def test_unknowns_of_a_cycle_are_not_zero() -> None:
    """a = b, b = c and c = a are solved by any value; a = b + c and b = a + c make c zero."""
    assert zeros([{"a": 1, "b": -1}, {"b": 1, "c": -1}, {"c": 1, "a": -1}])[0] == set()
    found = Substitution([{"a": 1, "b": -1, "c": -1}, {"b": 1, "a": -1, "c": -1}])
    assert set(found.zero) == {"c"}


@pytest.mark.parametrize("seed", range(60))
def test_what_has_a_proof_follows(seed: int) -> None:
    chance = random.Random(seed)
    rows, tight = random_equations(chance)
    names = {name for row in rows for name in row}
    symbols = {name for name in names if chance.random() < 0.4}
    without_symbols = [{name: sign for name, sign in row.items() if name not in symbols} for row in rows]
    follow = determined([row for row in without_symbols if row], tight)
    for one, used in proofs(rows, tight, symbols, sorted(names - symbols)).items():
        assert one in follow
        assert used <= symbols


def test_a_proof_names_the_known_counts_that_it_needs() -> None:
    """x = p - y, and y = q. z and w can only rise, so their sum s proves both."""
    rows = [{"x": 1, "y": 1, "p": -1}, {"y": 1, "q": -1}, {"z": 1, "w": 1, "s": -1}]
    numbers = {name: number for number, name in enumerate("xyzwpqs")}
    numbered = [{numbers[name]: sign for name, sign in row.items()} for row in rows]
    found = proofs(numbered, {numbers[name] for name in "zws"}, {numbers[name] for name in "pqs"}, range(4))
    assert found == {
        numbers["x"]: {numbers["p"], numbers["q"]},
        numbers["y"]: {numbers["q"]},
        numbers["z"]: {numbers["s"]},
        numbers["w"]: {numbers["s"]},
    }

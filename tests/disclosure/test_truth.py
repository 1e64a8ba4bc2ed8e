"""What a publication shows is true, what it hides has no number, and why scores hide with their categories."""

from math import isclose
from typing import Any

import pytest

from shared.disclosure.model import VIEWS, population
from shared.disclosure.protect import cell_of
from shared.publication.protection import keys_of, protected, views_of
from tests.oracle.rows import nps_row
from tests.unit.disclosure_cases import FAMILIES, publication_input

_ADDED = {"suppressed", "low_n"}
NPS = VIEWS["nps"]


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_are_exact_or_hold_no_number(family: str) -> None:
    given = publication_input(family, "2026")
    published = protected(given.counts, given.spans, given.sensitive)
    rows = {cell_of(view, row): row for view in views_of(family) for row in published.rows(view)}
    assert rows.keys() == given.counts.keys()
    assert sum(row["suppressed"] for row in rows.values()) == len(published.hidden) > 0
    for cell, row in rows.items():
        exact = given.counts[cell]
        assert row.keys() - _ADDED == exact.keys()
        if row["suppressed"]:
            keys = {*keys_of(cell.view.name), "state"}
            assert not row["low_n"]
            assert all(value is None for column, value in row.items() if column not in keys | _ADDED)
        else:
            size = population(cell, exact)
            assert size >= VIEWS[cell[0]].minimum or size == 0
            assert row["low_n"] == (size < VIEWS[cell[0]].low_n)
            assert {column: row[column] for column in exact} == exact


def test_a_score_beside_hidden_categories_gives_them_away() -> None:
    """From n, score and interval follow the categories: so a hidden row shows none of them."""
    given = publication_input("nps", "2026")
    attacked = [row for cell, row in given.counts.items() if cell[0] == "nps" and 0 < row["n"] < NPS.minimum]
    recovered = [row for row in attacked if _categories(row) == [tuple(row[name] for name in NPS.categories)]]
    assert len(recovered) == len(attacked) > 100


def _categories(shown: dict[str, Any]) -> list[tuple[int, int, int]]:
    """The categories that give a row its n, score and interval."""
    n = shown["n"]
    guesses = [(p, n - p - d, d) for p in range(n + 1) for d in range(n + 1 - p)]
    return [guess for guess in guesses if _agrees(nps_row(dict(zip(NPS.categories, guess, strict=True))), shown)]


def _agrees(guess: dict[str, Any], shown: dict[str, Any]) -> bool:
    return all(isclose(guess[name], shown[name], abs_tol=1e-9) for name in ("score", "score_low", "score_high"))

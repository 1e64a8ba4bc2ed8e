"""Publications of invented counties: attacked from their facts, and compared with what is true."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.disclosure.audit import Audit
from shared.disclosure.model import population
from shared.disclosure.protect import protect
from tests.disclosure.attackers import Publication, known_categories, known_populations
from tests.disclosure.counties import assessments, bounds, invented, nonzero

SMALL_COUNTIES = st.tuples(st.integers(0, 10**6), st.integers(1, 8), st.integers(0, 150))


@settings(max_examples=12)
@given(SMALL_COUNTIES)
def test_no_count_of_a_small_row_has_one_value(county: tuple[int, int, int]) -> None:
    seed, units, facts = county
    random = Random(seed)
    made = invented(random, units, facts)
    counts = made.counts()
    protected = protect(counts, made.spans, made.sensitive)
    wanted = nonzero(counts, set(protected.small))
    attacked = random.sample(wanted, min(len(wanted), 10))
    for (cell, column), (least, greatest) in zip(attacked, bounds(made, set(protected.hidden), attacked), strict=True):
        assert greatest - least > 1e-6, (cell, column)


@pytest.mark.parametrize(("units", "facts"), [(30, 600), (40, 3000)])
def test_nothing_of_a_large_county_follows(units: int, facts: int) -> None:
    made = invented(Random(units), units, facts)
    counts = made.counts()
    protected = protect(counts, made.spans, made.sensitive)
    publication = Publication(counts, made.spans, protected.hidden, protected.small)
    assert len(protected.small) > 100
    assert len(protected.hidden) < len(counts)
    assert known_populations(publication) == set()
    assert known_categories(publication) == set()


def test_whole_levels_are_hidden_where_no_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    made = invented(Random(30), 30, 600)
    counts = made.counts()
    within_time = protect(counts, made.spans, made.sensitive)
    assert not within_time.gave_up
    monkeypatch.setattr("shared.disclosure.protect.MAX_ATTACKED", 0)
    protected = protect(counts, made.spans, made.sensitive)
    publication = Publication(counts, made.spans, protected.hidden, protected.small)
    assert protected.gave_up
    assert protected.hidden >= {cell for cell in counts if cell[:4] in protected.gave_up}
    assert known_populations(publication) == set()
    assert known_categories(publication) == set()


def test_an_attack_that_always_finds_something_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    made = invented(Random(3), 6, 150)
    counts = made.counts()
    first = min(counts)
    monkeypatch.setattr(Audit, "unsafe", lambda self, most: [0])
    protected = protect(counts, made.spans, made.sensitive)
    assert first[:4] in protected.gave_up
    assert protected.hidden >= {cell for cell in counts if cell[:4] in protected.gave_up}


@pytest.mark.parametrize("seed", range(12))
def test_nothing_of_few_assessments_follows(seed: int) -> None:
    """Results have no total. An equation of them says nothing any more once all of them are hidden."""
    random = Random(seed)
    counts, spans = assessments(random, divisions=1 + seed % 4, number=20 + 3 * seed)
    protected = protect(counts, spans, ())
    publication = Publication(counts, spans, protected.hidden, protected.small)
    assert not protected.gave_up
    assert known_populations(publication) == set()


def test_the_facts_give_a_small_row_away_if_only_it_is_hidden() -> None:
    """The attacker of `bounds` can break a publication."""
    made = invented(Random(3), 6, 150)
    counts = made.counts()
    small = {cell for cell, row in counts.items() if population(cell, row) < cell.view.minimum}
    wanted = nonzero(counts, small)[:10]
    assert any(greatest - least < 1e-6 for least, greatest in bounds(made, small, wanted))


def test_an_audit_of_populations_alone_gives_categories_away() -> None:
    """Where shown rows have zeros, a category of a small row can follow although no population does."""
    made = invented(Random(40), 40, 3000)
    counts = made.counts()
    without_categories = {
        cell: row | dict.fromkeys(set(cell.view.categories) - set(cell.view.population), 0)
        for cell, row in counts.items()
    }
    protected = protect(without_categories, made.spans, made.sensitive)
    publication = Publication(counts, made.spans, protected.hidden, protected.small)
    assert known_populations(publication) == set()
    assert known_categories(publication)

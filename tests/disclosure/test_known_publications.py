"""Attacks on publications of the sample: the one that is made, and those that a weaker rule would make."""

import pytest

from shared.disclosure.hide import Suppression
from shared.disclosure.model import K, population
from shared.disclosure.protect import minimum, protect
from tests.disclosure.attackers import Publication, known_categories, known_populations
from tests.unit.disclosure_cases import FAMILIES, PublicationInput, publication_input, simulated_input


def only_small(family: str) -> Publication:
    """What a family would publish if it hid small rows and no others."""
    given = publication_input(family, "2026")
    small = {cell for cell, n in given.populations.items() if 0 < n < minimum(cell, given.sensitive)}
    return Publication(given.counts, given.spans, small, small)


def with_protecting_rows(publication: Publication, k: int) -> Publication:
    """The publication with the protecting rows hidden that single equations ask for."""
    populations = {cell: population(cell, row) for cell, row in publication.counts.items()}
    suppression = Suppression(populations, publication.equations, k)
    suppression.hide(suppression.number[cell] for cell in sorted(publication.small))
    return Publication(publication.counts, publication.spans, set(suppression.hidden_cells()), publication.small)


@pytest.mark.parametrize("year", ["2025", "2026"])
@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_of_a_small_row_of_the_sample_follows(family: str, year: str) -> None:
    assert_safe(publication_input(family, year))


@pytest.mark.parametrize("family", ["nps", "segments"])
def test_nothing_of_a_small_row_of_a_simulated_county_follows(family: str) -> None:
    assert_safe(simulated_input(family))


def assert_safe(given: PublicationInput) -> None:
    protected = protect(given.counts, given.spans, given.sensitive)
    publication = Publication(given.counts, given.spans, protected.hidden, protected.small)
    assert not protected.gave_up
    assert len(protected.small) > 10
    assert known_populations(publication) == set()
    assert known_categories(publication) == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_hiding_only_small_rows_gives_populations_away(family: str) -> None:
    assert len(known_populations(only_small(family))) > 10


@pytest.mark.parametrize("family", ["fcr", "segments"])
def test_protecting_rows_without_a_minimum_sum_give_populations_away(family: str) -> None:
    assert known_populations(with_protecting_rows(only_small(family), k=0))


def test_protecting_rows_without_an_audit_give_populations_away() -> None:
    assert known_populations(with_protecting_rows(only_small("segments"), k=K))

"""Persons are the connected components of merges, named by their least number."""

from itertools import permutations

from shared.postgres.persons import components

NUMBERS = {"a": 5, "b": 2, "c": 9, "d": 1, "e": 7}


def test_without_merges_each_pseudonym_is_one_person() -> None:
    assert components(NUMBERS, []) == NUMBERS


def test_chains_and_cycles_are_one_person_in_any_order() -> None:
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("e", "e")]
    for order in permutations(pairs):
        assert components(NUMBERS, order) == {"a": 2, "b": 2, "c": 2, "d": 1, "e": 7}


def test_merge_of_two_persons_joins_all_their_pseudonyms() -> None:
    pairs = [("a", "b"), ("c", "d"), ("b", "d")]
    assert components(NUMBERS, pairs) == {"a": 1, "b": 1, "c": 1, "d": 1, "e": 7}

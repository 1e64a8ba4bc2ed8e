"""Persons are connected components of merges, named by their least number."""

from itertools import permutations

from shared.postgres.persons import components

NUMBERS = {"a": 5, "b": 2, "c": 9, "d": 1, "e": 7}


def test_without_merges_everyone_is_alone() -> None:
    assert components(NUMBERS, []) == NUMBERS


def test_chains_and_circles_are_one_person_in_any_order() -> None:
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("e", "e")]
    for order in permutations(pairs):
        assert components(NUMBERS, order) == {"a": 2, "b": 2, "c": 2, "d": 1, "e": 7}


def test_a_merge_between_two_persons_joins_all_of_both() -> None:
    pairs = [("a", "b"), ("c", "d"), ("b", "d")]
    assert components(NUMBERS, pairs) == {"a": 1, "b": 1, "c": 1, "d": 1, "e": 7}

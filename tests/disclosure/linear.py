"""Linear programming: which unknowns of equations have one possible value. Shares no code with the audit."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from scipy.sparse.linalg import splu

V = TypeVar("V", bound=Hashable)
_EPSILON = 1e-9
_ZERO = 1e-5


def determined(rows: Sequence[Mapping[V, int]], at_bound: Collection[V]) -> set[V]:
    """The unknowns of the equations that are equal in every solution, if `at_bound` cannot fall below what they are.

    One linear program finds all bounded unknowns that can rise in some solution; with the others fixed, an unknown is
    determined if it is zero in random directions of the null space.
    """
    unknowns = list(dict.fromkeys(unknown for row in rows for unknown in row))
    if not unknowns:
        return set()
    matrix = _matrix(rows, {unknown: column for column, unknown in enumerate(unknowns)})
    bounded = np.array([unknown in at_bound for unknown in unknowns])
    fixed = np.zeros(len(unknowns), dtype=bool)
    if bounded.any():
        fixed[np.flatnonzero(bounded)[_highest(matrix, bounded) < 0.5]] = True
    free = np.flatnonzero(~fixed)
    fixed[free[_null_directions(matrix[:, free]) < _ZERO]] = True
    return {unknowns[column] for column in np.flatnonzero(fixed)}


def _matrix(rows: Sequence[Mapping[V, int]], columns: Mapping[V, int]) -> sparse.csc_matrix:
    entries = [(number, columns[unknown], sign) for number, row in enumerate(rows) for unknown, sign in row.items()]
    numbers, positions, signs = zip(*entries, strict=True)
    return sparse.csc_matrix((np.array(signs, dtype=float), (numbers, positions)), (len(rows), len(columns)))


def _highest(matrix: sparse.csc_matrix, bounded: np.ndarray) -> np.ndarray:
    """For each bounded unknown 1 where a direction raises it and lowers no bounded one, else 0."""
    size, count = matrix.shape[1], int(bounded.sum())
    # A bounded unknown is rise + rest, of which the rise is at most 1: the program maximises the rises.
    lowest = np.concatenate([np.where(bounded, 0.0, -np.inf), np.zeros(count)])
    highest = np.concatenate([np.full(size, np.inf), np.ones(count)])
    found = linprog(
        np.concatenate([np.zeros(size), -np.ones(count)]),
        A_eq=sparse.hstack([matrix, matrix[:, np.flatnonzero(bounded)]]).tocsc(),
        b_eq=np.zeros(matrix.shape[0]),
        bounds=np.column_stack([lowest, highest]),
        method="highs",
    )
    assert found.status == 0, found.message
    return np.asarray(found.x[size:])


def _null_directions(matrix: sparse.csc_matrix) -> np.ndarray:
    """The size of each unknown in random vectors that were projected to the null space."""
    equations, size = matrix.shape
    if not size:
        return np.zeros(0)
    system = sparse.bmat([[sparse.eye(size), matrix.T], [matrix, -_EPSILON * sparse.eye(equations)]]).tocsc()
    solver, random = splu(system), np.random.default_rng(0)
    largest = np.zeros(size)
    for _ in range(3):
        vector = random.standard_normal(size)
        for _ in range(2):  # the second projection removes what the first left
            vector = solver.solve(np.concatenate([vector, np.zeros(equations)]))[:size]
        largest = np.maximum(largest, abs(vector))
    return largest

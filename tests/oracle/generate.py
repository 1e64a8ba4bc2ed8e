"""Seeded adversarial streams: docs/events.md defines for every line whether it is accepted or rejected.

They never contain two events that are equal in the whole order (revision, time, source, id, digest) but differ in
client or comment, of which the first to arrive is kept; nor cases that the documentation leaves open.
"""

import random

from tests.oracle.care_lines import career, grounds
from tests.oracle.contact_lines import chain, counts, crowd, pair, returning
from tests.oracle.feedback_lines import direct, survey
from tests.oracle.hostile import hostile_lines
from tests.oracle.other_lines import care, persons
from tests.oracle.registers import load
from tests.oracle.stream import EventLines

# Weights; about half of the lines are feedback, a quarter contacts, a fifth care.
MAKERS = {
    survey: 14,
    direct: 9,
    pair: 7,
    chain: 3,
    returning: 2,
    counts: 2,
    career: 3,
    grounds: 3,
    care: 1,
    persons: 2,
}


def adversarial(seed, size, registers_dir, now=None):
    """`size` lines of all three streams, shuffled; with `now` also events at the limit of the future."""
    stream = EventLines(random.Random(seed), load(registers_dir), size)
    crowd(stream)
    while len(stream.lines) < size * 0.92:
        stream.r.choices(list(MAKERS), MAKERS.values())[0](stream)
    enough = max(size - len(stream.lines), 0)
    stream.lines += hostile_lines(stream, enough, now)
    stream.r.shuffle(stream.lines)
    return stream.lines[:size]


def shuffled(lines, seed):
    lines = list(lines)
    random.Random(seed).shuffle(lines)
    return lines


def duplicated(lines, seed, share):
    """The lines, with a share of them (0..1) repeated once or twice at random positions."""
    r = random.Random(seed)
    again = [line for line in lines for _ in range(r.randint(1, 2)) if r.random() < share]
    return shuffled([*lines, *again], seed)

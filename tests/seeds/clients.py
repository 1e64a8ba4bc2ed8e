"""The clients of the multidisciplinary segment. The documents do not say how many there are."""

from typing import Final

MEMBERS: Final = 770
"""So that the 4,620 answers of the segment are six of each."""
# Test persons, whose individual numbers are 900-999.
_TEST_PERSONS: Final = (
    *("010594Y9032", "010594Y9021", "020594X903P", "020594X902N"),
    *("030594W903B", "030694W9024", "040594V9030", "040594V902Y"),
)
COMMON_CLIENTS: Final = len(_TEST_PERSONS)


def member(number: int) -> dict[str, str]:
    """A client of the segment as `client` of an event; the first eight are those flagged as common clients."""
    if number < len(_TEST_PERSONS):
        return {"hetu": _TEST_PERSONS[number]}
    return {"local_id": f"monialainen-{number}", "system": "asiakastieto"}

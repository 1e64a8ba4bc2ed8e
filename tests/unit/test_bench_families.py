"""Every family is measured, has aims, and something naive to be compared with."""

from deploy.embedded.services import SERVICES
from tests.bench.command import _OF_FAMILIES
from tests.bench.family import FAMILIES
from tests.bench.peers.naive import STORES
from tests.bench.report import _AIMS


def test_every_family_is_in_every_table() -> None:
    families = set(SERVICES[1:])
    assert set(FAMILIES) == set(_OF_FAMILIES) == set(_AIMS) == set(STORES) == families

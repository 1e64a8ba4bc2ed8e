"""The contenders of the comparison with stream frameworks: how each is installed, started and read."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.family import NPS
from tests.bench.side_by_side import install
from tests.bench.side_by_side.truth import Truth
from tests.bench.stage import Database, Running, Stage

Cells = Mapping[tuple[str, ...], tuple[int, ...]]
OURS: Final = "ours"
NAIVE: Final = "naive"

_COUNTS: Final = "responses, detractors, passives, promoters, invitations, feedback"
_PEER_CELLS: Final = f"select county, month, unit, channel, {_COUNTS} from peers.cell"
_PEER_TOTAL: Final = "select coalesce(sum(responses + invitations + feedback), 0)::bigint from peers.cell"
_OUR_ROWS: Final = """
select county, month, unit_row, channel, responses, 0 as detractors, 0 as passives, 0 as promoters,
  0 as invitations, 0 as feedback from nps.response_count_month
union all select county, month, unit_row, channel, 0, a0, a1, a2, 0, 0
  from nps.answer_month where question = 'recommend'
union all select county, month, unit_row, channel, 0, 0, 0, 0, delivered, 0 from nps.invitation_count_month
union all select county, month, unit_row, channel, 0, 0, 0, 0, 0, n from nps.feedback_count_month where theme = 'all'
"""
_OUR_CELLS: Final = f"""
select b.county, to_char(b.month, 'YYYY-MM'), u.unit, b.channel, sum(responses)::bigint, sum(detractors)::bigint,
  sum(passives)::bigint, sum(promoters)::bigint, sum(invitations)::bigint, sum(feedback)::bigint
from ({_OUR_ROWS}) b join reference.unit_row u on u.key = b.unit_row group by 1, 2, 3, 4
"""
_OUR_TOTAL: Final = """
select (coalesce((select sum(responses) from nps.response_count_month), 0)
  + coalesce((select sum(delivered) from nps.invitation_count_month), 0)
  + coalesce((select sum(n) from nps.feedback_count_month where theme = 'all'), 0))::bigint
"""
_NAIVE_CELLS: Final = "select county, day::text, unit, type, n from naive.day where unit <> '-'"
_NAIVE_TOTAL: Final = "select coalesce(sum(n), 0)::bigint from naive.day"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contender works: a database, a topic prefix, and a folder for state that survives a restart."""

    stage: Stage
    database: Database
    prefix: str
    folder: Path

    @property
    def topic(self) -> str:
        return self.prefix + NPS.topic.name


@dataclass(frozen=True, slots=True)
class Contender:
    """A program for the job."""

    name: str
    version: str
    start: Callable[[Place], Awaitable[Running]]
    cells: str = _PEER_CELLS
    """The query of all cells: the four columns of their key, then their counts."""
    total: str = _PEER_TOTAL
    """The query of the number of facts in all cells."""
    facts: tuple[int, ...] = (0, 4, 5)
    """The counts of a cell that are numbers of facts."""
    truth: Callable[[Truth], Cells] = Truth.cells
    counts_right: bool = True
    """Whether it can count a log with repeats and corrections right; otherwise nothing waits for that."""


async def _ours(place: Place) -> Running:
    return await place.stage.service(NPS.name, place.database, place.prefix)


async def _naive(place: Place) -> Running:
    group = f"{place.topic}.naive"
    return await place.stage.peer("naive", NPS.name, place.database, place.topic, group)


def _framework(name: str, command: Callable[[Place, str], list[str]]) -> Callable[[Place], Awaitable[Running]]:
    async def start(place: Place) -> Running:
        place.folder.mkdir(parents=True, exist_ok=True)
        return await place.stage.program(name, command(place, place.prefix + name.lower().replace(" ", "-")), {})

    return start


def _arguments(place: Place, group: str) -> list[str]:
    return [place.stage.kafka, place.database.dsn(), place.topic, group, str(place.folder)]


def contenders(report: Callable[[str], None]) -> tuple[list[Contender], dict[str, str]]:
    """The contenders that run here, and the reasons why others do not. Installs what is missing."""
    found = [
        Contender(NAIVE, "", _naive, _NAIVE_CELLS, _NAIVE_TOTAL, (0,), Truth.days, counts_right=False),
        Contender(OURS, "", _ours, _OUR_CELLS, _OUR_TOTAL),
    ]
    missing: dict[str, str] = {}
    for peer in PEERS:
        report(f"installing {peer.name}, if it is not there")
        try:
            version = peer.install()
        except install.NotHereError as error:
            missing[peer.name] = str(error)
        else:
            found.append(Contender(peer.name, version, _framework(peer.name, peer.command)))
    return found, missing


@dataclass(frozen=True, slots=True)
class Peer:
    """A stream framework: how it is installed, returning its version, and the command line of its program."""

    name: str
    install: Callable[[], str]
    command: Callable[[Place, str], list[str]]


def _python(module: str) -> Callable[[Place, str], list[str]]:
    def command(place: Place, group: str) -> list[str]:
        return [str(install.PYTHON), "-m", f"tests.bench.peers.{module}", *_arguments(place, group)]

    return command


def _bytewax(place: Place, _group: str) -> list[str]:
    if not any(place.folder.iterdir()):
        install.run([str(install.PYTHON), "-m", "bytewax.recovery", str(place.folder), "1"])
    flow = f"tests.bench.peers.bytewax_flow:flow({place.stage.kafka!r}, {place.database.dsn()!r}, {place.topic!r})"
    return [str(install.PYTHON), "-m", "bytewax.run", "-r", str(place.folder), "-s", "1", "-b", "0", flow]


def _kafka_streams(place: Place, group: str) -> list[str]:
    return [*install.java_command(), "Peer", *_arguments(place, group)]


PEERS: Final = (
    Peer("Quix Streams", partial(install.python_package, "quixstreams"), _python("quix")),
    Peer("Bytewax", partial(install.python_package, "bytewax"), _bytewax),
    Peer("Pathway", partial(install.python_package, "pathway"), _python("pathway_program")),
    Peer("Kafka Streams", install.kafka_streams, _kafka_streams),
)

"""`hva replay`: recompute everything that follows from a family's facts, compare it and repair what differs."""

import asyncio
import time
from typing import Annotated, Any

import typer

from deploy.hva.context import AsJson, Dir, VerbError, resolve
from deploy.hva.output import print_data, print_text

FAMILIES = ("nps", "fcr", "segments")
PAUSE_S = 0.2
_REQUEST = "insert into {family}.replay (repairs, from_kafka) values ($1, $2) returning replay"
_STATE = """
select started_at, ended_at, records, facts, wrong_facts, cells, wrong_cells, failed
from {family}.replay where replay = $1
"""


def register(app: typer.Typer) -> None:
    @app.command()
    def replay(
        family: Annotated[str, typer.Argument(help="nps, fcr or segments")],
        audit: Annotated[bool, typer.Option("--audit", help="Compare only, and change nothing")] = False,
        from_kafka: Annotated[
            bool, typer.Option("--from-kafka", help="First read again all records that Kafka retains")
        ] = False,
        timeout: Annotated[float, typer.Option(metavar="S", min=0, help="Seconds to wait at most")] = 3600.0,
        as_json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Recompute labels, links, buckets and cells from facts, compare them with the stored ones, and repair them."""
        if family not in FAMILIES:
            raise typer.BadParameter(f"{family} is not one of {', '.join(FAMILIES)}")
        if audit and from_kafka:
            raise typer.BadParameter("--audit changes nothing, but --from-kafka restores facts: use only one of them")
        found = asyncio.run(request_replay(resolve(dir).postgres_steward, family, not audit, from_kafka, timeout))
        if as_json:
            import orjson

            print_data(orjson.dumps(found).decode())
        else:
            _print(family, audit, found)
        if audit and found["wrong_facts"] + found["wrong_cells"]:
            raise typer.Exit(1)


async def request_replay(dsn: str, family: str, repairs: bool, from_kafka: bool, seconds: float) -> dict[str, Any]:
    """Request a replay by a row in a table of the service, and wait for its result."""
    import asyncpg

    deadline = time.monotonic() + seconds
    connection = await asyncpg.connect(dsn)
    try:
        number = await connection.fetchval(_REQUEST.format(family=family), repairs, from_kafka)
        while True:
            state = await connection.fetchrow(_STATE.format(family=family), number)
            assert state is not None
            if state["failed"] is not None:
                raise VerbError(f"The replay of {family} failed ({state['failed']}): see the log of the service.")
            if state["ended_at"] is not None:
                return dict(state)
            if time.monotonic() >= deadline:
                if state["started_at"]:
                    raise VerbError(f"The replay of {family} has not ended yet. It continues in the service.")
                raise VerbError(f"The replay of {family} has not started: is the service up? The request stays stored.")
            await asyncio.sleep(PAUSE_S)
    finally:
        await connection.close()


def _print(family: str, audit: bool, found: dict[str, Any]) -> None:
    seconds = (found["ended_at"] - found["started_at"]).total_seconds()
    repaired = " and are repaired" if found["wrong_facts"] + found["wrong_cells"] else ""
    end = "; nothing was changed" if audit else repaired
    read = "" if found["records"] is None else f"{found['records']} records of Kafka read again; "
    print_text(
        f"{family}: {read}{found['wrong_facts']} of {found['facts']} facts and {found['wrong_cells']} of "
        f"{found['cells']} stored values were wrong{end} ({seconds:.1f} s)."
    )

"""`hva erase`: erases the facts of a person in all families and reports the facts before and after."""

import asyncio
import json as json_text
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from deploy.hva.context import AsJson, Connection, Dir, VerbError, plural, resolve
from deploy.hva.output import confirm, print_data, print_text
from deploy.hva.wait import wait_until_done

_TYPE = "fi.hva.client.erased.v1"
_MAX_ROUNDS = 5  # of erasing pseudonyms that a merge has added meanwhile


@dataclass(slots=True)
class Receipt:
    """The result of an erasure. It does not identify the person; the text shows only the number of pseudonyms."""

    county: str
    source: str
    time: str = ""
    pseudonyms: list[str] = field(default_factory=list)
    erasures: list[str] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)
    now: dict[str, int] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)  # families that have not recorded all erasures

    @property
    def done(self) -> bool:
        return not self.incomplete and not any(self.now.values())

    def document(self) -> dict[str, Any]:
        """What `--json` prints."""
        facts = {family: {"before": self.before[family], "now": self.now[family]} for family in self.before}
        return {
            "county": self.county,
            "source": self.source,
            "time": self.time,
            "erasures": self.erasures,
            "facts": facts,
            "done": self.done,
        }


def register(app: typer.Typer) -> None:
    @app.command()
    def erase(
        county: Annotated[str, typer.Option(help="County of the facts: an erasure concerns one county")],
        hetu_from_stdin: Annotated[
            bool, typer.Option("--hetu-from-stdin", help="Read the personal identity code from standard input")
        ] = False,
        local_id: Annotated[str | None, typer.Option(help="Id of the person in a source system")] = None,
        system: Annotated[str | None, typer.Option(help="System of --local-id in urn:hva:<county>:<system>")] = None,
        pid: Annotated[str | None, typer.Option(help="A pseudonym, as stored in the tables")] = None,
        source: Annotated[
            str | None, typer.Option(help="Source of the erasure (default: urn:hva:<county>:hva)")
        ] = None,
        timeout: Annotated[
            float, typer.Option(metavar="S", min=0, help="Maximum seconds to wait after each sending")
        ] = 120.0,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation")] = False,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Erase all facts, past and future, of all pseudonyms known to belong to one person."""
        from deploy.hva.identifier import Identifier, allowed_source, pseudonyms

        identifier = Identifier(hetu_from_stdin, local_id, system, pid)
        identifier.check(may_ask=not yes)
        connection = resolve(dir)
        sender = allowed_source(connection.config_dir, county, source)
        found = pseudonyms(identifier, county, connection.key_file, datetime.now(UTC))
        receipt = asyncio.run(_erase(connection, Receipt(county, sender), found, timeout, yes))
        if json:
            print_data(json_text.dumps(receipt.document()))
        else:
            print_text(*receipt_lines(receipt))
        if not receipt.done:
            where = ", ".join(receipt.incomplete) or "the families"
            raise VerbError(f"The erasure is not complete in {where}: `hva deadletters list` may show why.")


async def _erase(
    connection: Connection, receipt: Receipt, pseudonyms: Sequence[str], timeout_s: float, yes: bool
) -> Receipt:
    import asyncpg

    from deploy.hva.client_facts import aliases, count, not_erased

    database = await asyncpg.connect(connection.postgres_steward)
    try:
        clients = await aliases(database, receipt.county, pseudonyms)
        receipt.before = await count(database, receipt.county, clients)
        if not yes:
            _confirm(receipt, len(clients))
        for _ in range(_MAX_ROUNDS):
            await _send_and_wait(connection, receipt, clients, timeout_s)
            clients = [
                client
                for client in await aliases(database, receipt.county, receipt.pseudonyms)
                if client not in receipt.pseudonyms
            ]
            if not clients:
                break
            more = await count(database, receipt.county, clients)  # a merge arrived meanwhile
            receipt.before = {family: receipt.before[family] + more[family] for family in more}
        receipt.now = await count(database, receipt.county, [*receipt.pseudonyms, *clients])
        receipt.incomplete = await not_erased(database, receipt.county, [*receipt.pseudonyms, *clients])
    finally:
        await database.close()
    return receipt


def _confirm(receipt: Receipt, clients: int) -> None:
    facts = ", ".join(f"{family} {number}" for family, number in receipt.before.items())
    question = (
        f"Erase {plural(clients, 'pseudonym')} of one person in {receipt.county} permanently? Facts now: {facts}."
    )
    if not confirm(question):
        raise VerbError("Nothing was erased.")


async def _send_and_wait(connection: Connection, receipt: Receipt, clients: Sequence[str], timeout_s: float) -> None:
    from shared.contracts.catalogue import RAW, Stream
    from shared.edge.produce import Outgoing, make_producer, publish

    receipt.time = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    events = [erasure(receipt.source, client, receipt.time, str(uuid.uuid4())) for client in clients]
    topic = connection.topic_prefix + RAW[Stream.CARE].name
    producer = make_producer(connection.kafka, "hva-erase")
    try:
        await producer.start()
        await publish(producer, [Outgoing(topic, None, json_text.dumps(event).encode()) for event in events])
    finally:
        await producer.stop()
    receipt.pseudonyms += clients
    receipt.erasures += [event["id"] for event in events]
    print_text(f"Sent {plural(len(events), 'erasure')}, waiting until they are applied ...", err=True)
    try:
        await wait_until_done(connection, timeout_s)
    except VerbError as error:
        sent = ", ".join(receipt.erasures)
        raise VerbError(f"The erasures {sent} were sent and are applied when they arrive. {error}") from None


def erasure(source: str, client: str, time: str, id: str) -> dict[str, Any]:
    """The event that erases a pseudonym. `time` is RFC 3339 in UTC."""
    data = {"erasure_id": id, "client": {"pid": client}}
    return {"specversion": "1.0", "id": id, "source": source, "type": _TYPE, "time": time, "data": data}


def receipt_lines(receipt: Receipt) -> list[str]:
    """The receipt as lines of text."""
    return [
        f"{receipt.county}, {receipt.time}: erased {plural(len(receipt.pseudonyms), 'pseudonym')} of one person,"
        f" as {receipt.source}.",
        f"{'family':<10}{'facts before':>14}{'now':>6}",
        *(f"{name:<10}{number:>14}{receipt.now[name]:>6}" for name, number in receipt.before.items()),
        f"Erasures: {', '.join(receipt.erasures)}.",
    ]

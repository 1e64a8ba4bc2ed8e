"""`hva erase`: takes a person's facts out of every family for ever, and says what there was and what is left."""

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
_ROUNDS = 5  # of looking again for pseudonyms that a merge joined meanwhile


@dataclass(slots=True)
class Receipt:
    """What was done. It names nobody: of the person it tells how many pseudonyms there were."""

    county: str
    source: str
    time: str = ""
    pseudonyms: list[str] = field(default_factory=list)
    erasures: list[str] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)
    now: dict[str, int] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)  # families that do not hold them for erased

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
        county: Annotated[str, typer.Option(help="Whose facts go: erasures are of one county")],
        hetu_from_stdin: Annotated[
            bool, typer.Option("--hetu-from-stdin", help="Read the personal identity code from standard input")
        ] = False,
        local_id: Annotated[str | None, typer.Option(help="The id of the person in a system")] = None,
        system: Annotated[
            str | None, typer.Option(help="The system of --local-id, as in urn:hva:<county>:<system>")
        ] = (None),
        pid: Annotated[str | None, typer.Option(help="A pseudonym of ours, as it stands in the tables")] = None,
        source: Annotated[str | None, typer.Option(help="Who erases; else urn:hva:<county>:hva")] = None,
        timeout: Annotated[float, typer.Option(metavar="S", min=0, help="Seconds to wait at most, each time")] = 120.0,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Erase a person: every fact of every pseudonym that is known to be theirs goes, past and to come."""
        from deploy.hva.identifier import Identifier, allowed, pseudonyms

        who = Identifier(hetu_from_stdin, local_id, system, pid)
        who.check(may_ask=not yes)
        connection = resolve(dir)
        sender = allowed(connection.config_dir, county, source)
        found = pseudonyms(who, county, connection.key_file, datetime.now(UTC))
        receipt = asyncio.run(_erase(connection, Receipt(county, sender), found, timeout, yes))
        if json:
            print_data(json_text.dumps(receipt.document()))
        else:
            print_text(*in_words(receipt))
        if not receipt.done:
            where = ", ".join(receipt.incomplete) or "the families"
            raise VerbError(f"Not everything is erased in {where}: `hva deadletters list` may say why.")


async def _erase(
    connection: Connection, receipt: Receipt, pseudonyms: Sequence[str], seconds: float, yes: bool
) -> Receipt:
    import asyncpg

    from deploy.hva.client_facts import aliases, count, not_erased

    database = await asyncpg.connect(connection.postgres_steward)
    try:
        clients = await aliases(database, receipt.county, pseudonyms)
        receipt.before = await count(database, receipt.county, clients)
        if not yes:
            _confirm(receipt, len(clients))
        for _ in range(_ROUNDS):
            await _send_and_wait(connection, receipt, clients, seconds)
            clients = [
                client
                for client in await aliases(database, receipt.county, receipt.pseudonyms)
                if client not in receipt.pseudonyms
            ]
            if not clients:
                break
            more = await count(database, receipt.county, clients)  # a merge was still on its way
            receipt.before = {family: receipt.before[family] + more[family] for family in more}
        receipt.now = await count(database, receipt.county, [*receipt.pseudonyms, *clients])
        receipt.incomplete = await not_erased(database, receipt.county, [*receipt.pseudonyms, *clients])
    finally:
        await database.close()
    return receipt


def _confirm(receipt: Receipt, clients: int) -> None:
    facts = ", ".join(f"{family} {number}" for family, number in receipt.before.items())
    question = f"Erase {plural(clients, 'pseudonym')} of one person in {receipt.county} for ever? Facts now: {facts}."
    if not confirm(question):
        raise VerbError("Nothing was erased.")


async def _send_and_wait(connection: Connection, receipt: Receipt, clients: Sequence[str], seconds: float) -> None:
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
    print_text(f"Sent {plural(len(events), 'erasure')}, waiting until they hold ...", err=True)
    try:
        await wait_until_done(connection, seconds)
    except VerbError as error:
        sent = ", ".join(receipt.erasures)
        raise VerbError(f"The erasures {sent} were sent and will hold when they arrive. {error}") from None


def erasure(source: str, client: str, time: str, id: str) -> dict[str, Any]:
    """The event that erases a pseudonym."""
    data = {"erasure_id": id, "client": {"pid": client}}
    return {"specversion": "1.0", "id": id, "source": source, "type": _TYPE, "time": time, "data": data}


def in_words(receipt: Receipt) -> list[str]:
    """The receipt for people, in lines."""
    return [
        f"{receipt.county}, {receipt.time}: erased {plural(len(receipt.pseudonyms), 'pseudonym')} of one person,"
        f" as {receipt.source}.",
        f"{'family':<10}{'facts before':>14}{'now':>6}",
        *(f"{name:<10}{number:>14}{receipt.now[name]:>6}" for name, number in receipt.before.items()),
        f"Erasures: {', '.join(receipt.erasures)}.",
    ]

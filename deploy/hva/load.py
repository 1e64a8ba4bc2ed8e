"""`hva load`: JSON Lines of structured CloudEvents into the raw topics."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from deploy.hva.context import AsJson, Connection, Dir, resolve, several
from deploy.hva.output import print_data, print_text

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

_BLOCK_BYTES = 1_000_000  # published together

LinesFile = BufferedReader | BytesIO


@dataclass
class Tally:
    """What was sent, by raw topic, and the lines that cannot travel at all."""

    sent: dict[str, int] = field(default_factory=dict)
    unsendable: list[int] = field(default_factory=list)


def register(app: typer.Typer) -> None:
    @app.command()
    def load(
        files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...", exists=True, dir_okay=False)] = None,
        from_stdin: Annotated[bool, typer.Option("--from-stdin", help="Read lines from standard input")] = False,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Send events to the raw topics, a line an event; what is wrong with them, ingest tells."""
        if bool(files) == from_stdin:
            raise typer.BadParameter("name files, or give --from-stdin")
        connection = resolve(dir)
        tally = asyncio.run(_load(connection, files or []))
        _tell(tally, json)
        raise typer.Exit(1 if tally.unsendable else 0)


async def _load(connection: Connection, files: list[Path]) -> Tally:
    from shared.edge.produce import make_producer

    producer = make_producer(connection.kafka, "hva-load")
    await producer.start()
    tally = Tally()
    try:
        with _Progress(sum(file.stat().st_size for file in files)) as progress:
            sources: list[Path | None] = [*files] or [None]
            for source in sources:
                with source.open("rb") if source else cast(BufferedReader, sys.stdin.buffer) as file:
                    await send(producer, file, tally, progress.advance, connection.topic_prefix)
    finally:
        await producer.stop()
    return tally


async def send(
    producer: "AIOKafkaProducer",
    file: LinesFile,
    tally: Tally,
    advance: Callable[[int], None] = lambda size: None,
    topic_prefix: str = "",
) -> None:
    """Route every line to its raw topic and wait for the acknowledgements; order within a topic is kept loosely."""
    from shared.contracts.catalogue import RAW, RAW_LIMIT
    from shared.contracts.route import is_blank, stream_of
    from shared.edge.produce import Outgoing, publish

    for number, chunk in _chunks(file):
        records = []
        for place, line in enumerate(chunk, number):
            event = line.removesuffix(b"\n")
            if is_blank(event):
                continue
            if len(event) > RAW_LIMIT:
                tally.unsendable.append(place)
                continue
            topic = topic_prefix + RAW[stream_of(event)].name
            tally.sent[topic] = tally.sent.get(topic, 0) + 1
            records.append(Outgoing(topic, None, event))
        await publish(producer, records)
        advance(sum(map(len, chunk)))


def _chunks(file: LinesFile) -> Iterator[tuple[int, list[bytes]]]:
    """Lines with the number of the first of them, as many as are there: a live feed is sent as it comes."""
    first, parts = 1, list[bytes]()  # of a line whose end has not come
    while block := file.read1(_BLOCK_BYTES):
        whole, end, rest = block.rpartition(b"\n")
        if not end:
            parts.append(block)
            continue
        lines = [line + b"\n" for line in b"".join([*parts, whole]).split(b"\n")]
        yield first, lines
        first, parts = first + len(lines), [rest]
    if last := b"".join(parts):
        yield first, [last]


class _Progress:
    """A bar on a terminal, nothing elsewhere; standard input has no known end."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self._bar = Progress(console=console, disable=not console.is_terminal, transient=True)
        self._task = self._bar.add_task("loading", total=total or None)

    def __enter__(self) -> "_Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, size: int) -> None:
        self._bar.advance(self._task, size)


def _tell(tally: Tally, as_json: bool) -> None:
    if as_json:
        import orjson

        print_data(orjson.dumps({"sent": tally.sent, "unsendable_lines": tally.unsendable}).decode())
        return
    total = sum(tally.sent.values())
    parts = ", ".join(f"{topic} {count}" for topic, count in sorted(tally.sent.items()))
    print_text(f"Sent {several(total, 'event')}{': ' + parts if parts else ''}.")
    for number in tally.unsendable:
        print_text(f"Line {number} is over 4 MiB and was not sent.", err=True)

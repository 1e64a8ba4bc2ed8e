"""`hva load`: sends JSON Lines of structured CloudEvents to the raw topics."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.hva.context import EVENT_FILES, AsJson, Connection, Dir, VerbError, plural, resolve
from deploy.hva.output import print_data, print_text
from shared.event_files import STANDARD_INPUT, Blocks, UnreadableFileError, chunks, opened, readable_name

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer


@dataclass
class Tally:
    """The number of sent events by raw topic, and the numbers of lines too long to send."""

    sent: dict[str, int] = field(default_factory=dict)
    unsendable: list[int] = field(default_factory=list)


def register(app: typer.Typer) -> None:
    @app.command()
    def load(
        files: Annotated[list[Path] | None, EVENT_FILES] = None,
        from_stdin: Annotated[bool, typer.Option("--from-stdin", help="Same as the file -")] = False,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Send events, one per line, to raw topics. Ingest validates them and keeps rejected ones as dead letters."""
        if bool(files) == from_stdin:
            raise typer.BadParameter("name files or give --from-stdin, not both")
        connection = resolve(dir)
        tally = asyncio.run(_load(connection, files or [STANDARD_INPUT]))
        _print_tally(tally, json)
        raise typer.Exit(1 if tally.unsendable else 0)


async def _load(connection: Connection, files: list[Path]) -> Tally:
    from shared.edge.produce import make_producer

    producer = make_producer(connection.kafka, "hva-load")
    await producer.start()
    tally = Tally()
    try:
        with _Progress(_bytes_in(files)) as progress:
            for path in files:
                await _load_file(producer, path, tally, progress.advance, connection.topic_prefix)
    finally:
        await producer.stop()
    return tally


def _bytes_in(files: list[Path]) -> int | None:
    """Total size in bytes; None when one has no size (a pipe, standard input)."""
    if not all(path.is_file() for path in files):
        return None
    return sum(path.stat().st_size for path in files)


async def _load_file(
    producer: "AIOKafkaProducer", path: Path, tally: Tally, advance: Callable[[int], None], topic_prefix: str
) -> None:
    with opened(path) as file:
        try:
            await send(producer, file, tally, advance, topic_prefix)
        except UnreadableFileError as error:
            sent = f" {_sent_text(tally)}" if tally.sent else " Nothing was sent."
            raise VerbError(f"{readable_name(path)}: {error}{sent}") from None


async def send(
    producer: "AIOKafkaProducer",
    file: Blocks,
    tally: Tally,
    advance: Callable[[int], None] = lambda size: None,
    topic_prefix: str = "",
) -> None:
    """Send every line to its raw topic and wait for the acknowledgements. Order within a topic is not guaranteed.

    Raises UnreadableFileError.
    """
    from shared.contracts.catalogue import RAW, RAW_LIMIT
    from shared.contracts.route import is_blank, stream_of
    from shared.edge.produce import Outgoing, publish

    for number, chunk in chunks(file, advance):
        records = []
        for line_number, line in enumerate(chunk, number):
            event = line.removesuffix(b"\n")
            if is_blank(event):
                continue
            if len(event) > RAW_LIMIT:
                tally.unsendable.append(line_number)
                continue
            topic = topic_prefix + RAW[stream_of(event)].name
            tally.sent[topic] = tally.sent.get(topic, 0) + 1
            records.append(Outgoing(topic, None, event))
        await publish(producer, records)


class _Progress:
    """A progress bar of bytes read, on a terminal only. Standard input has no known total."""

    def __init__(self, total: int | None) -> None:
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


def _print_tally(tally: Tally, as_json: bool) -> None:
    if as_json:
        import orjson

        print_data(orjson.dumps({"sent": tally.sent, "unsendable_lines": tally.unsendable}).decode())
        return
    print_text(_sent_text(tally))
    for number in tally.unsendable:
        print_text(f"Line {number} is over 4 MiB and was not sent.", err=True)


def _sent_text(tally: Tally) -> str:
    total = sum(tally.sent.values())
    parts = ", ".join(f"{topic} {count}" for topic, count in sorted(tally.sent.items()))
    return f"Sent {plural(total, 'event')}{': ' + parts if parts else ''}."

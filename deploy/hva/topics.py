"""`hva topics`: a Kafka of one's own gets the topics of the catalogue."""

import asyncio
import os

import typer

from deploy.embedded.stores import prepare_topics
from deploy.hva.context import VerbError
from deploy.hva.output import print_text
from deploy.hva.server_wait import WAIT_S, Wait, patiently


def register(app: typer.Typer) -> None:
    @app.command()
    def topics(wait: Wait = WAIT_S) -> None:
        """Make and set up the topics in the Kafka of HVA_KAFKA_BOOTSTRAP, and refuse ones that differ."""
        run(os.environ.get("HVA_KAFKA_BOOTSTRAP"), wait)
        print_text("The topics are what this version needs.")


def run(bootstrap: str | None, wait: float) -> None:
    """Makes what is missing and sets what is declared. Raises NotSoError.

    A broker's limit for transactions cannot be set from here, so one that is too long is reported on standard error.
    """
    from shared.edge.topics import TopicMismatchError, TopicRefusedError
    from shared.logs import set_up_logging

    if not bootstrap:
        raise VerbError("HVA_KAFKA_BOOTSTRAP is needed.")
    set_up_logging("topics", "INFO")  # the client's own lines about a broker that is away say nothing new
    try:
        asyncio.run(patiently("Kafka", lambda: _prepare(bootstrap), wait))
    except (TopicMismatchError, TopicRefusedError) as error:
        raise VerbError(f"{str(error)[0].upper()}{str(error)[1:]}.") from None


async def _prepare(bootstrap: str) -> None:
    from shared.edge.deviations import deviations

    await prepare_topics(bootstrap)
    for sentence in await deviations(bootstrap, topics=False):  # those were just set
        print_text(f"Warning: {sentence}.", err=True)

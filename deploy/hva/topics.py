"""`hva topics`: creates the topics of the catalogue in an external Kafka."""

import asyncio
import os

import typer

from deploy.embedded.stores import prepare_topics
from deploy.hva.context import VerbError, as_sentence
from deploy.hva.output import print_text
from deploy.hva.server_wait import WAIT_S, Wait, retry_until_reachable


def register(app: typer.Typer) -> None:
    @app.command()
    def topics(wait: Wait = WAIT_S) -> None:
        """Create and configure the topics in the Kafka of HVA_KAFKA_BOOTSTRAP. Fails when existing ones do not fit."""
        run(os.environ.get("HVA_KAFKA_BOOTSTRAP"), wait)
        print_text("The topics are ready for this version.")


def run(bootstrap: str | None, wait: float) -> None:
    """Create missing topics and set the declared options. Raises VerbError.

    The transaction limit of a broker cannot be set here, so a warning on standard error reports one that is too long.
    """
    from shared.edge.topics import TopicMismatchError, TopicRefusedError
    from shared.logs import set_up_logging

    if not bootstrap:
        raise VerbError("HVA_KAFKA_BOOTSTRAP is needed.")
    set_up_logging("topics", "INFO")  # silences the client, which repeats that the broker is unreachable
    try:
        asyncio.run(retry_until_reachable("Kafka", lambda: _prepare(bootstrap), wait))
    except (TopicMismatchError, TopicRefusedError) as error:
        raise VerbError(as_sentence(error)) from None


async def _prepare(bootstrap: str) -> None:
    from shared.edge.deviations import deviations

    await prepare_topics(bootstrap)
    for sentence in await deviations(bootstrap, topics=False):  # the topics were just set
        print_text(f"Warning: {sentence}.", err=True)

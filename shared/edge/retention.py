"""The job that removes old dead letters, where a setting asks for it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from shared.clock import Clock, system_clock
from shared.contracts.catalogue import KEPT_FOR_EVER
from shared.edge.runtime import Job, Runtime
from shared.postgres.dead_letters import remove_closed

_EVERY_S: Final = 3600.0


def retention(runtime: Runtime, clock: Clock = system_clock) -> Sequence[Job]:
    """The job, or nothing where dead letters are kept for ever."""
    settings = runtime.settings
    if settings.dead_letter_days is None:
        return ()
    age = timedelta(days=settings.dead_letter_days)
    kept = [settings.topic_prefix + topic.name for topic in KEPT_FOR_EVER]

    async def run() -> None:
        removed = await remove_closed(runtime.background, settings.service, clock() - age, kept)
        if removed:
            runtime.logger.info("removed closed dead letters", extra={"dead_letters": removed})

    return (Job("retention", _EVERY_S, run, alone=True),)

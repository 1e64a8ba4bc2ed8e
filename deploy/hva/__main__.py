"""`hva`: speaks for the whole system. Exit codes: 0 done, 1 not so, 2 used wrongly.

A verb is a module of this package with `register(app)`. Verbs import what is heavy inside their functions:
help has to come at once.
"""

import sys
from importlib import import_module

import typer

from deploy.embedded.errors import EmbeddedError
from deploy.hva.context import VerbError
from deploy.hva.output import EscapingGroup, escape

VERBS = (
    "up",
    "down",
    "status",
    "check",
    "simulate",
    "load",
    "wait",
    "figures",
    "explain",
    "deadletters",
    "publish",
    "replay",
    "erase",
    "rotate_key",
    "registers",
    "migrate",
    "topics",
    "doctor",
)
"""Module names, in the order of `hva --help`."""


def build() -> typer.Typer:
    """The command with all its verbs."""
    app = typer.Typer(
        name="hva",
        cls=EscapingGroup,
        help="Steering figures of a wellbeing services county, kept right from event streams.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # a traceback with values could show what must not be shown
    )
    for verb in VERBS:
        import_module(f"deploy.hva.{verb}").register(app)
    return app


def main() -> None:
    """Runs one verb; what is not so is one sentence on standard error."""
    try:
        build()()
    except (VerbError, EmbeddedError) as fault:
        sys.exit("\n".join(escape(str(sentence)) for sentence in fault.args))
    except Exception as fault:
        if (sentence := away(fault)) is None:
            raise
        sys.exit(sentence)


def away(fault: Exception) -> str | None:
    """A sentence for Kafka or PostgreSQL that do not answer; None for anything else. Quotes nothing of the error."""
    from aiokafka.errors import KafkaError
    from asyncpg import InterfaceError, PostgresError

    kind = type(fault).__name__
    if isinstance(fault, KafkaError):
        return f"Kafka does not answer as it should ({kind}): is it up, and is HVA_KAFKA_BOOTSTRAP right?"
    if isinstance(fault, (PostgresError, InterfaceError, OSError, TimeoutError)):
        return f"PostgreSQL does not answer as it should ({kind}): is it up, and is HVA_POSTGRES_URL right?"
    return None


if __name__ == "__main__":
    main()

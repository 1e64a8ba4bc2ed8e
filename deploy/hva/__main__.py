"""`hva`: the command line of the whole system. Exit codes: 0 success, 1 failure, 2 wrong usage.

A verb is a module of this package with `register(app)`. Verbs import heavy modules inside their functions, so that
`--help` is fast.
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
    "close",
    "restatements",
    "status_of",
    "narrative",
    "export",
    "replay",
    "report",
    "serve",
    "erase",
    "rotate_key",
    "registers",
    "migrate",
    "topics",
    "doctor",
)
"""Module names, in the order of `hva --help`."""


def build() -> typer.Typer:
    """Build the command with all its verbs."""
    app = typer.Typer(
        name="hva",
        cls=EscapingGroup,
        help="Steering figures of a wellbeing services county, computed from event streams.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # a traceback with values could show personal data
    )
    for verb in VERBS:
        import_module(f"deploy.hva.{verb}").register(app)
    return app


def main() -> None:
    """Run one verb; print a failure as a sentence on standard error."""
    try:
        build()()
    except (VerbError, EmbeddedError) as error:
        sys.exit("\n".join(escape(str(sentence)) for sentence in error.args))
    except Exception as error:
        if (sentence := unavailable_message(error)) is None:
            raise
        sys.exit(sentence)


def unavailable_message(error: Exception) -> str | None:
    """The message when Kafka or PostgreSQL fails; None for other errors. It does not quote the error."""
    from aiokafka.errors import KafkaError
    from asyncpg import InterfaceError, PostgresError

    kind = type(error).__name__
    if isinstance(error, KafkaError):
        return f"Kafka is not available ({kind}): check that it runs and that HVA_KAFKA_BOOTSTRAP is right."
    if isinstance(error, (PostgresError, InterfaceError, OSError, TimeoutError)):
        return f"PostgreSQL is not available ({kind}): check that it runs and that HVA_POSTGRES_URL is right."
    return None


if __name__ == "__main__":
    main()

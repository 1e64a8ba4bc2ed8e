"""One handler a topic, a sentence long."""

from functools import partial

from services.fcr.decode import decode
from services.fcr.domain import ContactFact
from services.fcr.store import SCHEMA, apply, apply_erasures
from shared.batch import BatchRunner
from shared.contracts.catalogue import CONTACT, PERSON
from shared.edge.runtime import Runtime
from shared.person import PersonEvent, decode_person
from shared.postgres.commit import StoreCommit


def on_contact(runtime: Runtime) -> BatchRunner[ContactFact]:
    """Make a batch of contact facts, by the registers of this moment, and add what changed to the buckets."""
    registers = runtime.registers
    return BatchRunner(
        topic=CONTACT.name,
        decode=partial(decode, registers=registers),
        commit=StoreCommit(SCHEMA, runtime.pool, runtime.sealer, partial(apply, registers=registers)),
        metrics=runtime.metrics,
        logger=runtime.logger,
        largest=runtime.settings.max_records,
    )


def on_person(runtime: Runtime) -> BatchRunner[PersonEvent]:
    """Take away the facts of erased clients."""
    return BatchRunner(
        topic=PERSON.name,
        decode=decode_person,
        commit=StoreCommit(SCHEMA, runtime.pool, runtime.sealer, apply_erasures),
        metrics=runtime.metrics,
        logger=runtime.logger,
        largest=runtime.settings.max_records,
    )

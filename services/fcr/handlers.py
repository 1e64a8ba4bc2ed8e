"""One handler per topic."""

from functools import partial

from services.fcr.decode import decode
from services.fcr.facts import ContactFact
from services.fcr.store import SCHEMA, apply, apply_histories, apply_persons
from shared.batch import BatchRunner
from shared.contracts.catalogue import CONTACT, PERSON, SEGMENT
from shared.contracts.segment import History
from shared.edge.runtime import Runtime
from shared.edge.tasks import store_runner
from shared.person import PersonEvent, decode_person
from shared.segment import decode_segment


def on_contact(runtime: Runtime) -> BatchRunner[ContactFact]:
    """Store a batch of contact facts, derived by the current registers, and update the buckets."""
    registers = runtime.registers
    read, write = partial(decode, registers=registers), partial(apply, registers=registers)
    return store_runner(runtime, SCHEMA, CONTACT, read, write)


def on_person(runtime: Runtime) -> BatchRunner[PersonEvent]:
    """Remove the facts of erased clients and apply merges."""
    return store_runner(runtime, SCHEMA, PERSON, decode_person, apply_persons)


def on_segment(runtime: Runtime) -> BatchRunner[History]:
    """Store membership histories and relabel the contacts of their clients."""
    return store_runner(runtime, SCHEMA, SEGMENT, decode_segment, apply_histories)

"""One handler per topic."""

from functools import partial

from services.segments.decode import decode
from services.segments.facts import CareFact
from services.segments.store import SCHEMA, apply, apply_persons
from shared.batch import BatchRunner
from shared.contracts.catalogue import CARE, PERSON
from shared.edge.runtime import Runtime
from shared.edge.tasks import store_runner
from shared.person import PersonEvent, decode_person


def on_care(runtime: Runtime) -> BatchRunner[CareFact]:
    """Store a batch of care facts, derived by the current registers, and update memberships and buckets."""
    registers = runtime.registers
    read, write = partial(decode, registers=registers), partial(apply, registers=registers)
    return store_runner(runtime, SCHEMA, CARE, read, write)


def on_person(runtime: Runtime) -> BatchRunner[PersonEvent]:
    """Remove the facts of erased clients and apply merges."""
    return store_runner(runtime, SCHEMA, PERSON, decode_person, partial(apply_persons, registers=runtime.registers))

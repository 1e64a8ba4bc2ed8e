"""One handler a topic, a sentence long."""

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
    """Make a batch of care facts, by the registers of this moment, and let memberships and buckets follow."""
    registers = runtime.registers
    read, write = partial(decode, registers=registers), partial(apply, registers=registers)
    return store_runner(runtime, SCHEMA, CARE, read, write)


def on_person(runtime: Runtime) -> BatchRunner[PersonEvent]:
    """Take away the facts of erased clients, and make one person of clients that are one."""
    return store_runner(runtime, SCHEMA, PERSON, decode_person, partial(apply_persons, registers=runtime.registers))

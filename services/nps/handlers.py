"""One handler per topic."""

from functools import partial

from services.nps.decode import decode
from services.nps.facts import FeedbackFact
from services.nps.store import SCHEMA, apply, apply_histories, apply_persons
from shared.batch import BatchRunner
from shared.contracts.catalogue import FEEDBACK, PERSON, SEGMENT
from shared.contracts.segment import History
from shared.edge.runtime import Runtime
from shared.edge.tasks import store_runner
from shared.person import PersonEvent, decode_person
from shared.segment import decode_segment


def on_feedback(runtime: Runtime) -> BatchRunner[FeedbackFact]:
    """Store a batch of feedback facts, derived by the current registers, and add their deltas to the buckets."""
    registers = runtime.registers
    read, write = partial(decode, registers=registers), partial(apply, registers=registers)
    return store_runner(runtime, SCHEMA, FEEDBACK, read, write)


def on_person(runtime: Runtime) -> BatchRunner[PersonEvent]:
    """Turn the facts of erased clients into tombstones."""
    return store_runner(runtime, SCHEMA, PERSON, decode_person, apply_persons)


def on_segment(runtime: Runtime) -> BatchRunner[History]:
    """Store membership histories, and relabel the facts of their clients."""
    return store_runner(runtime, SCHEMA, SEGMENT, decode_segment, apply_histories)

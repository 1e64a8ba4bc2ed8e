"""Times of a contact at and next to every edge that docs/figures.md defines."""

from datetime import UTC, date, datetime, timedelta

from tests.oracle.material import TICK
from tests.oracle.registers import local_date, midnight

SECOND, DAY = timedelta(seconds=1), timedelta(hours=24)
TICKS = (-TICK, TICK * 0, TICK)
NEAR = (-SECOND, -TICK, TICK * 0, TICK * 0, TICK, SECOND)
WINDOWS = (1, 7, 30)
WAITS = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400)
DST_NIGHTS = (date(2025, 3, 30), date(2025, 10, 26), date(2026, 3, 29))
LATEST = midnight(date(2026, 6, 14))
AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
"""The as-of time of the tests; promises due at this time are at the edge."""


def start(stream):
    """Any start time, or one in a night in which the clocks change."""
    r = stream.r
    if r.random() < 0.85:
        return stream.when()
    return midnight(r.choice(DST_NIGHTS)) + timedelta(minutes=15 * r.randint(-16, 104)) + r.choice(NEAR)


def before_clocks_change(r, days):
    """A start time at most `days` days before the clocks change."""
    return midnight(r.choice(DST_NIGHTS)) - timedelta(minutes=r.randint(0, days * 24 * 60 - 120))


def end_of(state):
    started_at = state["started_at"]
    return min(state.get("ended_at", started_at), started_at + DAY)


def following(stream, before):
    """A start time just inside or outside a repeat window, equal to the earlier one, or 30 days after it."""
    r, started_at = stream.r, before["started_at"]
    choice = r.random()
    if choice < 0.5:
        found = end_of(before) + r.choice(WINDOWS) * DAY + r.choice(NEAR)
    elif choice < 0.6:
        found = end_of(before) + r.choice(WINDOWS) * DAY + r.choice([-1, 1]) * timedelta(hours=1)
    elif choice < 0.75:
        found = started_at
    elif choice < 0.85:
        found = started_at + 30 * DAY + r.choice(NEAR)
    else:
        found = started_at + timedelta(minutes=r.randint(0, 9000))
    return found if found < LATEST else start(stream)


def progress(stream, county, first):
    """The later times of a contact: answered, called back or abandoned; and its end."""
    r, started_at, choice = stream.r, first["started_at"], stream.r.random()
    if choice < 0.5:
        found = {"answered_at": started_at + response_delay(r, stream.registers, county, first)}
        found |= {"answer_mode": "direct"} if r.random() < 0.7 else {}
    elif choice < 0.78:
        found = callback(r, started_at)
    else:
        return abandonment(r, started_at)
    if r.random() < 0.1:
        found["abandoned"] = True
    if (ended_at := end_time(r, started_at)) is not None:
        found["ended_at"] = ended_at
    return found


def response_delay(r, registers, county, first):
    """A waiting time at a bound of the histogram, at the promise, or negative."""
    due = registers.due(county, first["line"], first["channel"], first["started_at"])
    if due is not None and r.random() < 0.5:
        return due - first["started_at"] + r.choice(TICKS)
    if r.random() < 0.1:
        return r.choice([-TICK, -SECOND, -DAY])
    return r.choice([*WAITS, 0, r.randint(0, 90000)]) * SECOND + r.choice([TICK * 0, TICK * 0, TICK])


def end_time(r, started_at):
    """Usually soon; sometimes never, before the start, or about a day later."""
    if r.random() < 0.5:
        return started_at + timedelta(seconds=r.randint(0, 4000))
    shifts = [-DAY, -SECOND, TICK * 0, DAY - TICK, DAY, DAY + TICK, DAY + SECOND, 3 * DAY]
    return r.choice([None, None, None, None, *(started_at + shift for shift in shifts)])


def abandonment(r, started_at):
    """Not answered: abandoned within about five seconds, or not abandoned."""
    edges = [5 * SECOND + near for near in (*TICKS, *NEAR)] + [-SECOND, TICK * 0, 9 * SECOND]
    found = {"abandoned": r.random() < 0.8}
    return found | r.choice([{}, {}, {}, *({"ended_at": started_at + edge} for edge in edges)])


def callback(r, started_at):
    """Callback times: reached on the same local date, or on another by a microsecond or a clock change."""
    requested = started_at + r.choice([TICK * 0, 20 * SECOND, 300 * SECOND])
    turn = midnight(local_date(requested) + timedelta(days=1))
    reached = r.choice(
        [
            *(turn + r.choice(TICKS) for _ in range(2)),
            *(requested + timedelta(minutes=r.randint(0, 700)) for _ in range(2)),
            requested + DAY,
            requested - timedelta(hours=1),
            midnight(local_date(requested)) - r.choice([TICK * 0, TICK]),
            None,
        ]
    )
    found = {"callback_requested_at": requested}
    if r.random() < 0.7:
        found["answer_mode"] = "callback"
    if reached is not None:
        found["callback_reached_at"] = reached
    if r.random() < 0.6:
        found["callback_first_attempt_at"] = (reached or requested) - timedelta(seconds=r.choice([-60, 0, 60, 1800]))
    if r.random() < 0.1:
        del found["callback_requested_at"]
    return found


def promise(stream, county, state):
    """The contact's own promise: just kept, just broken, due at the as-of time, or centuries away."""
    due = stream.registers.due(county, state["line"], state["channel"], state["started_at"])
    names = ("answered_at", "callback_first_attempt_at", "callback_reached_at")
    response = min((state[name] for name in names if name in state), default=AS_OF)
    far = datetime(9999, 12, 30, tzinfo=UTC), datetime(1000, 1, 1, tzinfo=UTC)
    base = stream.r.choice([response] * 4 + [due or AS_OF, state["started_at"], *far])
    return base + stream.r.choice(TICKS)

"""A plausible county's events: for the demo, for benchmarks, for trying out one's own registers.

`stream(Options(until=..., days=..., clients=..., seed=...))` gives structured CloudEvents, one line of JSON
each, in the order in which they arrive. The same options give the same bytes on every machine.
"""

from deploy.simulate.options import Options
from deploy.simulate.run import stream

__all__ = ["Options", "stream"]

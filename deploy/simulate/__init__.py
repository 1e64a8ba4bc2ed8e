"""Events of plausible counties, for the demo, for benchmarks and for trying out registers.

`stream(Options(until=..., days=..., clients=..., seed=...))` yields structured CloudEvents, one line of JSON each, in
order of arrival. The same options give the same bytes on every machine.
"""

from deploy.simulate.options import Options
from deploy.simulate.run import stream

__all__ = ["Options", "stream"]

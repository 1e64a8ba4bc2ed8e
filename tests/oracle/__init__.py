"""A naive second implementation of docs/events.md and docs/figures.md that tests compare the product with.

It imports nothing of the product, keeps everything in lists and dicts, and follows only these pages: `verdict`
(accepted, or the reason of rejection), `facts` (which event wins), `segments` (memberships), `nps`, `fcr` and `care`
(every view of each family), `compare` (two sets of rows), `generate` (adversarial streams).
"""

from tests.oracle.care import Care
from tests.oracle.compare import FCR_KEYS, KEYS, NPS_KEYS, SEGMENT_KEYS, differences
from tests.oracle.facts import Facts, conflicts, current
from tests.oracle.fcr import fcr_views
from tests.oracle.generate import adversarial, duplicated, shuffled
from tests.oracle.nps import nps_mix, views
from tests.oracle.registers import Registers, load
from tests.oracle.segments import Membership
from tests.oracle.verdict import Accepted, Rejected, judge, judge_all

__all__ = [
    "FCR_KEYS",
    "KEYS",
    "NPS_KEYS",
    "SEGMENT_KEYS",
    "Accepted",
    "Care",
    "Facts",
    "Membership",
    "Registers",
    "Rejected",
    "adversarial",
    "conflicts",
    "current",
    "differences",
    "duplicated",
    "fcr_views",
    "judge",
    "judge_all",
    "load",
    "nps_mix",
    "shuffled",
    "views",
]

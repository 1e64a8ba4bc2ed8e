"""A naive second implementation of the contract, to judge the product by.

It imports nothing of the product, keeps everything in lists and dicts, and is written from the contract
alone: `verdict` (accepted or which reason), `facts` (which event wins), `segments` (who is a member), `nps`
and `fcr` (every view of the NPS and the first-contact family), `compare` (two sets of rows), `generate`
(streams meant to break the product).
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

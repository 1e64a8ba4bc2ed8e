"""The numbers of Helsinki's pilot of Suuntima, autumn 2022."""

from typing import Final

from tests.seeds.figure import Figure
from tests.seeds.published import SUUNTIMA as REPORT
from tests.seeds.published import Published
from tests.seeds.units import STATIONS

_RESULTS: Final = {
    "omatoimi": ("omatoimi/pärjääjä asiakkuuksia oli 22 (39%)", "22", "39"),
    "yhteiso": ("yhteisö/tukia asiakkuuksia oli 6 (10%)", "6", "10"),
    "yhteistyo": ("yhteistyö asiakkuuksia oli 17 (30%)", "17", "30"),
    "verkosto": ("verkosto/huolenpito asiakkuuksia oli 12 (21%)", "12", "21"),
}
_BATTERIES: Final = {
    "functioning": ("kuntoutuminen ja toimintakyky 22 kertaa (39%)", "22"),
    "illness": ("sairauden hoito 9 kerta (16%)", "9"),
    "social": ("sosiaalinen hyvinvointi- ja arki 2 kertaa (3%)", "2"),
    "risk": ("terveys- ja hyvinvointiriski 24 kertaa (42%)", "24"),
}
_FEW: Final = ("illness", "social")
"""2 is too few to be published, and 9 with it: together with the total, one number would give the other."""

_COMMUNITY_SHARE: Final = Figure("suuntima", "share", {"result": "yhteiso"})
_STATION: Final = Figure("suuntima", "n", {"scope_level": "unit", "scope": STATIONS[0]})

PUBLISHED: Final = (
    Published(REPORT, "Suuntimoita tehtiin 57 kpl", Figure("suuntima", "n"), "57"),
    *(
        Published(REPORT, sentence, Figure("suuntima", column, {"result": result}), printed)
        for result, (sentence, count, percent) in _RESULTS.items()
        for column, printed in (("n", count), ("percent_printed", percent))
    ),
    # 10 % is rounded by largest remainder, so that the four sum to 100: the share by itself is 11 %.
    Published(REPORT, _RESULTS["yhteiso"][0], _COMMUNITY_SHARE, "11", percent=True, instead_of="10"),
    *(
        Published(REPORT, sentence, Figure("suuntima", "n", {"battery": battery}), count, hidden=battery in _FEW)
        for battery, (sentence, count) in _BATTERIES.items()
    ),
    # "Arviolta 21+": the exact number of the station. `report` has no Suuntima of units.
    Published(REPORT, "Vuosaaren terveysasemalla käytettiin eniten (arviolta 21+)", _STATION, "21", in_report=False),
    Published(REPORT, "naisia oli 46 ja miehiä 11", Figure("suuntima", "n", {"sex": "woman"}), "46"),
    Published(REPORT, "naisia oli 46 ja miehiä 11", Figure("suuntima", "n", {"sex": "man"}), "11"),
)

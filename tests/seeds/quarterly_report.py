"""The numbers of the quarterly report of Oma Häme, first quarter of 2026."""

from typing import Final

from tests.seeds.figure import Figure
from tests.seeds.published import QUARTERLY_REPORT as REPORT
from tests.seeds.published import Less, Published

_FIRST_LINE: Final = {"scope_level": "service_area", "scope": "ensilinja", "question": "useful"}
_SEGMENT: Final = {"segment": "multidisciplinary"}
_COOPERATION: Final = {"segment": "multidisciplinary", "question": "cooperation"}
_FOUR: Final = (
    "Kuitenkin asiakkaista 11,6 % on antanut arvioksi 4, joten 90 % vastanneista on kokenut palvelun hyödylliseksi "
    "tai melko hyödylliseksi."
)
_TO_THE_END: Final = (
    "Ensilinjassa on hoidettu asiakkaiden asioita loppuun asti 38 % kaikista puhelimitse ja chatin kautta tehdyistä "
    "yhteydenotoista."
)

PUBLISHED: Final = (
    # 78.4 is not printed: it is 90 - 11.6, since only the answer 5 counts.
    Published(REPORT, "vain 5-tason vastaukset", Figure("statement", "top1", _FIRST_LINE), "78.4", percent=True),
    Published(REPORT, _FOUR, Figure("statement", "top2", _FIRST_LINE), "90", percent=True),
    Published(REPORT, _FOUR, Figure("statement", "c4/n", _FIRST_LINE), "11.6", percent=True),
    Published(REPORT, _TO_THE_END, Figure("fcr", "gross"), "38", percent=True),
    Published(
        REPORT, "vuonna 2025, jolloin vastaava luku oli 36 %", Figure("fcr", "gross", {"period": "2025"}), "36", True
    ),
    # "Palautetta" may be recommendations or responses: here each of the 4,620 responses has a recommendation.
    Published(REPORT, "Palautetta on annettu 4620 kpl.", Figure("nps", "n", _SEGMENT), "4620"),
    Published(REPORT, "Palautetta on annettu 4620 kpl.", Figure("response", "responses", _SEGMENT), "4620"),
    Published(
        REPORT,
        "Potilastietojärjestelmään on merkitty 8 asiakasta yhteisasiakkaaksi.",
        Figure("common_clients", "stock", {"kind": "common_client"}),
        "8",
    ),
    Published(
        REPORT,
        "Asiakastietojärjestelmään on kirjattu Q1 aikana 36 monialaista suunnitelmaa.",
        Figure("common_clients", "new", {"kind": "plan"}),
        "36",
    ),
)

LESS: Final = (
    Less(
        REPORT,
        "Chat-palveluissa hoidetaan loppuun asti asioita enemmän kuin puhelinasioinnin aikana.",
        Figure("fcr", "gross", {"channel": "phone"}),
        Figure("fcr", "gross", {"channel": "chat"}),
    ),
    Less(
        REPORT,
        "Luku on kuitenkin alhaisempi, kuin koko organisaation NPS.",
        Figure("nps", "score", _SEGMENT),
        Figure("nps", "score"),
    ),
    Less(
        REPORT,
        "Asiakkaiden kokemus ammattilaisten välisen yhteistyön sujuvuudesta on laskenut lähtötilanteesta",
        Figure("statement", "top2", _COOPERATION),
        Figure("statement", "top2", _COOPERATION | {"period": "2025Q4"}),
    ),
    Less(
        REPORT,
        "Monialaisen segmentin asiakastapahtumien määrä asiakasta kohden on noususuuntainen.",
        Figure("events_per_client", "events_per_client", {"period": "2025Q4"}),
        Figure("events_per_client", "events_per_client"),
    ),
)

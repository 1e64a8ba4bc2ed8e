"""The numbers of Pirha's report on customer experience, 2023."""

from typing import Final

from tests.seeds.figure import Figure
from tests.seeds.published import EXPERIENCE as REPORT
from tests.seeds.published import Published

_SMS: Final = {"channel": "sms"}
_DEVICE: Final = {"channel": "device"}
_ILLNESS: Final = {"question": "pei_cope_illness"}
_SITUATION: Final = {"question": "pei_cope_situation"}
_STATEMENTS: Final = ("thl_help", "thl_cared", "thl_decide", "thl_safe", "thl_next", "thl_clear", "thl_useful")
_ALL: Final = "Suositteluhaluus Pirhan mitatuista palveluista on 78, joka on erinomainen"
_BY_SMS: Final = "Tekstiviestillä vastanneita 39 000, vastausprosentti 26, NPS 80,1, 76 % antoi myös avointa palautetta"
_BY_DEVICE: Final = "Asiakaspalautelaitteilla vastanneita 16 000, NPS 71, 33 % vastanneista antoi myös avointa"
_PEI: Final = "PEI pärjäämisen mittari: vastauksia 10 634 kpl"
_PEI_BETTER: Final = "Vastanneista yli puolet kokee pärjäävänsä paljon paremmin tai paremmin"
_PEI_SAME: Final = "Entiseen tapaan tai huonommin koki pärjäävänsä hieman alle kolmannes vastanneista"
_PEI_UNKNOWN: Final = "Noin 14 prosenttia vastanneista valitsi vaihtoehdon ”en osaa sanoa”."
_PEI_SOCIAL: Final = "Kysymyksen muoto sosiaalipalveluissa (vain 25 vastausta)"
_COMPLAINTS: Final = "Asiakkaat moittivat ja antavat kehitysideoita"
_DIRECT: Final = "850 kiitosisältöistä palautetta, 2000 moitesisältöistä palautetta, 900 kehitysideaa"


def _direct(kind: str, count: str, share: str) -> tuple[Published, Published]:
    keys = {"kind": kind}
    return (
        Published(REPORT, _DIRECT, Figure("direct_feedback", "n", keys), count),
        Published(REPORT, _DIRECT, Figure("direct_feedback", "share", keys), share, percent=True),
    )


def _themes(kind: str, sentence: str, *themes: str) -> list[Published]:
    """The document names the themes and gives no counts. `report` has no rows of a kind and a theme."""
    figures = [Figure("direct_feedback", "n", {"kind": kind, "theme": theme}) for theme in themes]
    return [Published(REPORT, sentence, figure, (1, 2000), in_report=False) for figure in figures]


PUBLISHED: Final = (
    Published(REPORT, _BY_SMS, Figure("nps", "score", _SMS), "80.1"),
    Published(REPORT, _BY_SMS, Figure("nps", "n", _SMS), "39000", of_answers=True),
    Published(REPORT, _BY_SMS, Figure("response", "comment_share", _SMS), "76", percent=True),
    Published(REPORT, _BY_SMS, Figure("response_rate", "rate", _SMS), "26", percent=True),
    Published(REPORT, _BY_SMS, Figure("response_rate", "delivered", _SMS), "150000", full_only=True),
    Published(REPORT, _BY_DEVICE, Figure("nps", "score", _DEVICE), "71"),
    Published(REPORT, _BY_DEVICE, Figure("nps", "n", _DEVICE), "16000", of_answers=True),
    Published(REPORT, _BY_DEVICE, Figure("response", "comment_share", _DEVICE), "33", percent=True),
    # Not printed: the widest and narrowest intervals that 39,000 and 16,000 answers with these scores can have.
    Published(REPORT, _BY_SMS, Figure("nps", "score_low", _SMS), (79.51, 79.70), full_only=True),
    Published(REPORT, _BY_SMS, Figure("nps", "score_high", _SMS), (80.49, 80.69), full_only=True),
    Published(REPORT, _BY_DEVICE, Figure("nps", "score_low", _DEVICE), (69.91, 70.30), full_only=True),
    Published(REPORT, _BY_DEVICE, Figure("nps", "score_high", _DEVICE), (71.69, 72.09), full_only=True),
    Published(REPORT, "Vastaajia yhteensä 55 000", Figure("nps", "n"), "55000", of_answers=True),
    # 80.1 and 71 pool to 77.45; 78 needs all four numbers at the edge of their rounding.
    Published(REPORT, _ALL, Figure("nps", "score"), "77", instead_of="78"),
    Published(REPORT, _ALL, Figure("nps", "score"), (77.45, 77.455)),
    # Not printed: the comments of both channels, pooled by answers.
    Published(
        REPORT, _BY_SMS, Figure("response", "with_comment/responses", {"channel": ("sms", "device")}), "63.5", True
    ),
    *(
        Published(REPORT, "Kaikista väittämistä ~ 80 % vastanneista täysin samaa mieltä", figure, printed, percent=True)
        for question in _STATEMENTS
        for figure, printed in (
            (Figure("statement", "top1", {"question": question}), "80"),
            (Figure("statement", "c4/n", {"question": question}), "10"),
            (Figure("statement", "c1/n", {"question": question}), "5"),
            # The document does not say what the others answered.
            (Figure("statement", "c2+c3/n", {"question": question}), "5"),
        )
    ),
    Published(REPORT, _PEI, Figure("pei", "n+dont_know", _ILLNESS), "10634"),
    Published(
        REPORT, _PEI_BETTER, Figure("pei", "much_better+better/n+dont_know", _ILLNESS), (50.001, 100), percent=True
    ),
    Published(REPORT, _PEI_SAME, Figure("pei", "same_or_less/n+dont_know", _ILLNESS), (31, 33.333), percent=True),
    Published(REPORT, _PEI_UNKNOWN, Figure("pei", "dont_know_share", _ILLNESS), "14", percent=True),
    # The enabled share is of those who gave an opinion: over 50 % of all are over 58 % of the 86 %.
    Published(REPORT, _PEI_BETTER, Figure("pei", "enabled_share", _ILLNESS), (58.1, 100), percent=True),
    Published(REPORT, _PEI_SOCIAL, Figure("pei", "n+dont_know", _SITUATION), "25"),
    # "Kiittävää palautetta annetaan eniten" is about themes: most messages are complaints.
    *_direct("thanks", "850", "22.67"),
    *_direct("complaint", "2000", "53.33"),
    *_direct("idea", "900", "24.00"),
    Published(REPORT, _DIRECT, Figure("direct_feedback", "n"), "3750"),
    *_themes("thanks", "Kiittävää palautetta annetaan eniten", "kohtaaminen", "sujuvuus", "asiantuntemus"),
    *_themes("complaint", _COMPLAINTS, "saatavuus", "sujuvuus", "tiedonkulku", "kohtaaminen", "digi"),
    *_themes("idea", _COMPLAINTS, "saatavuus", "sujuvuus", "tiedonkulku", "kohtaaminen", "digi"),
)

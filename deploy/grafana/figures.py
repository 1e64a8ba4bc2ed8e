"""The dashboard of the steering figures, from the business gauges.

Gauges hide figures of too few people, so this dashboard does not show them either.
"""

from collections.abc import Sequence

from deploy.grafana.panels import Panel, Style, bars, lines, number

TITLE = "Asiakasmittarit"
UID = "hva-figures"
ABOUT = (
    "Suositteleeko asiakas meitä, ratkesiko asia ensikontaktissa, ja saavatko monialaiset asiakkaat eheämpää palvelua."
)

_HIDDEN = "ei näytettävää"
_OF_COUNTY = 'county=~"$county", scope_level="county", period="$period"'
_OF_DIVISIONS = 'county=~"$county", scope_level="division", period="$period"'
_POINTS = Style("none", {0: "yellow", 50: "green"}, base="red", decimals=1, minimum=-100, maximum=100, no_value=_HIDDEN)
_SHARE = Style("percentunit", {}, base="blue", decimals=1, minimum=0, maximum=1, no_value=_HIDDEN)
_COUNT = Style("short", {}, base="text", decimals=0, minimum=0, no_value=_HIDDEN)
_EACH = Style("none", {}, base="blue", decimals=2, minimum=0, no_value=_HIDDEN)


def rows() -> dict[str, Sequence[Panel]]:
    """Panels by row title."""
    return {
        "Suosittelu (NPS)": _nps(),
        "Ensikontakti (FCR)": _fcr(),
        "Monialaiset asiakkaat": _segments(),
        "Julkaisu": _publication(),
    }


def _publication() -> list[Panel]:
    of_county = '{county=~"$county"}'
    return [
        number(
            "Lukujen ikä",
            "Kuinka kauan sitten kuluvan vuoden luvut on julkaistu; vanhimman mittariperheen ikä. Yleensä enintään "
            "tunti.",
            Style("s", {3 * 3600: "yellow"}, base="green", decimals=0, minimum=0, no_value="ei julkaistu"),
            f"max by (county) (min by (job, county) (hva_publication_age_seconds{of_county}))",
            "{{county}}",
            width=8,
        ),
        lines(
            "Piilotettuja rivejä",
            "Osuus julkaistuista riveistä, joiden luvut on piilotettu pienten ryhmien suojaamiseksi.",
            _SHARE,
            {"{{county}} {{job}}": f"max by (job, county) (hva_publication_hidden_ratio{of_county})"},
            width=16,
        ),
    ]


def _of(metric: str, selector: str, more: str = "") -> str:
    """A query for a gauge; all replicas report the same value."""
    return f"max by (county, scope) ({metric}{{{selector}{more}}})"


def _nps() -> list[Panel]:
    return [
        number(
            "NPS",
            "Suosittelijoiden osuus vähennettynä arvostelijoiden osuudella, pistettä välillä "
            "−100…100. Alle 10 vastausta ei näytetä.",
            _POINTS,
            _of("hva_nps_score", _OF_COUNTY),
            "{{county}}",
        ),
        number(
            "Vastauksia",
            "Suositteluvastaukset, joista NPS on laskettu.",
            _COUNT,
            _of("hva_nps_responses", _OF_COUNTY),
            "{{county}}",
        ),
        bars(
            "NPS toimialoittain",
            "Toimialat, joilla on tarpeeksi vastauksia.",
            _POINTS,
            *_by_division("hva_nps_score"),
            width=8,
        ),
        lines(
            "NPS ajassa",
            "Jakson luku sellaisena kuin se kulloinkin tunnettiin: myöhässä tulleet ja korjatut "
            "vastaukset muuttavat sitä.",
            _POINTS,
            {"{{county}}": _of("hva_nps_score", _OF_COUNTY)},
        ),
    ]


def _fcr() -> list[Panel]:
    return [
        number(
            "Ratkennut ensikontaktissa",
            "Netto: ratkenneiden osuus yhteydenotoista, jotka ensilinja voi ratkaista.",
            _SHARE,
            _of("hva_fcr_net_ratio", _OF_COUNTY),
            "{{county}}",
        ),
        number(
            "Brutto",
            "Ratkenneiden osuus kaikista yhteydenotoista, joilla on lopputulos.",
            _SHARE,
            _of("hva_fcr_gross_ratio", _OF_COUNTY),
            "{{county}}",
        ),
        number(
            "Vahvistettu, 7 vrk",
            "Ratkennut eikä sama asia palannut seitsemässä vuorokaudessa.",
            _SHARE,
            _of("hva_fcr_confirmed_ratio", _OF_COUNTY, ', window_days="7"'),
            "{{county}}",
        ),
        number(
            "Palannut, 7 vrk",
            "Yhteydenotot, jotka toistavat edellistä seitsemän vuorokauden sisällä.",
            _SHARE,
            _of("hva_fcr_repeat_ratio", _OF_COUNTY, ', window_days="7"'),
            "{{county}}",
        ),
        number(
            "Vastattu",
            "Vastattujen osuus yhteydenotoista, joista asiakas ei heti luopunut.",
            _SHARE,
            _of("hva_answered_ratio", _OF_COUNTY),
            "{{county}}",
        ),
        number(
            "Digitaalisesti",
            "Chatin ja digiajanvarauksen osuus kaikista yhteydenotoista.",
            _SHARE,
            _of("hva_digital_ratio", _OF_COUNTY),
            "{{county}}",
        ),
        bars(
            "Ratkennut ensikontaktissa toimialoittain",
            "Netto. Toimialat, joilla on tarpeeksi yhteydenottoja ja asiakkaita.",
            _SHARE,
            *_by_division("hva_fcr_net_ratio"),
        ),
        lines(
            "Ratkennut ja vahvistettu ajassa",
            "Jakson luvut sellaisina kuin ne kulloinkin tunnettiin. Vahvistettu täydentyy, kun "
            "seitsemän vuorokautta on kulunut.",
            _SHARE,
            {
                "{{county}} netto": _of("hva_fcr_net_ratio", _OF_COUNTY),
                "{{county}} vahvistettu": _of("hva_fcr_confirmed_ratio", _OF_COUNTY, ', window_days="7"'),
            },
            width=12,
        ),
    ]


def _segments() -> list[Panel]:
    return [
        number(
            "Palvelutapahtumia asiakasta kohti",
            "Monialaisten asiakkaiden palvelutapahtumat jaettuna maakunnan monialaisilla asiakkailla.",
            _EACH,
            _of("hva_segment_events_per_client", _OF_COUNTY),
            "{{county}}",
        ),
        number(
            "Monialaisia asiakkaita",
            "Asiakkaat, jotka kuuluvat segmenttiin jakson jonakin päivänä.",
            _COUNT,
            _of("hva_segment_clients", _OF_COUNTY),
            "{{county}}",
        ),
        number(
            "Heidän palvelutapahtumiaan",
            "Palvelutapahtumat päivinä, joina asiakas kuuluu segmenttiin.",
            _COUNT,
            _of("hva_segment_events", _OF_COUNTY),
            "{{county}}",
        ),
        bars(
            "Palvelutapahtumia asiakasta kohti toimialoittain",
            "Toimialan tapahtumat jaettuna koko maakunnan monialaisilla asiakkailla: toimialojen "
            "luvut, piilotetut mukaan lukien, summautuvat maakunnan luvuksi.",
            _EACH,
            *_by_division("hva_segment_events_per_client"),
        ),
    ]


def _by_division(metric: str) -> tuple[str, str]:
    return f"sort_desc({_of(metric, _OF_DIVISIONS)})", "{{scope}}"

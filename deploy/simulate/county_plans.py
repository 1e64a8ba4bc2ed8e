"""The simulated counties: their units, lines and services; codes as in `deploy/config`.

Weights are relative volumes inside a county. A test checks the codes against
`sectors.csv` and `units.csv`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Service:
    """Care of a unit. `survey` is the share of done events that invite by SMS; `group` is its age group."""

    unit: str
    sector: str
    weight: float
    classes: Mapping[str, float]
    group: str
    survey: float = 0.0
    social: bool = False
    round_the_clock: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A first line. `chat` and `sms` are the shares of these channels in 2025; the rest is phone."""

    code: str
    unit: str
    weight: float
    reasons: tuple[str, ...]
    chat: float = 0.0
    sms: float = 0.01
    booking: float = 0.0
    round_the_clock: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A county. `share` is its weight of clients; `chat_unit` takes chats from `chat_since`; `moved` maps each
    closed unit to its closing date and successor.
    """

    county: str
    share: float
    services: tuple[Service, ...]
    lines: tuple[Line, ...]
    devices: tuple[str, ...]
    suuntima_units: tuple[str, ...]
    hyte_unit: str
    hyte_since: date
    chat_unit: str
    chat_since: date
    moved: Mapping[str, tuple[date, str]]


VISITS: Mapping[str, float] = {"visit": 0.72, "remote": 0.26, "group": 0.02}
CLINIC: Mapping[str, float] = {"visit": 0.85, "remote": 0.15}
WARD: Mapping[str, float] = {"inpatient_day": 1.0}
HOME: Mapping[str, float] = {"home_visit": 0.93, "remote": 0.07}
HOUSING: Mapping[str, float] = {"home_visit": 0.55, "visit": 0.25, "other": 0.2}
SOCIAL: Mapping[str, float] = {"visit": 0.45, "home_visit": 0.2, "remote": 0.25, "group": 0.05, "other": 0.05}

HEALTH_REASONS = (
    "reseptin-uusinta",
    "infektio",
    "selka-ja-niska",
    "ihottuma",
    "vatsa",
    "tulosten-kysely",
    "ajanvaraus",
)
SOCIAL_REASONS = ("palvelutarve", "toimeentulo", "asuminen", "paatos", "neuvonta")


def _station(unit: str, weight: float) -> Service:
    return Service(unit, "vastaanotto", weight, VISITS, "all", survey=0.35)


def _clinic(unit: str, weight: float, group: str = "all") -> Service:
    return Service(unit, "erikoissairaanhoito", weight, CLINIC, group, survey=0.45)


def _social(unit: str, sector: str, weight: float, group: str) -> Service:
    return Service(unit, sector, weight, SOCIAL, group, survey=0.1, social=True)


def _home(unit: str, weight: float) -> Service:
    return Service(unit, "kotihoito", weight, HOME, "old", survey=0.03, social=True, round_the_clock=True)


OMA_HAME = Plan(
    county="oma-hame",
    share=0.75,
    services=(
        _station("ta-hameenlinna", 9),
        _station("ta-hattula", 2),
        _station("ta-janakkala", 3),
        _station("ta-riihimaki", 6),
        _station("ta-hausjarvi", 2),
        _station("ta-loppi", 2),
        _station("ta-forssa", 4),
        _station("ta-tammela", 1),
        _station("ta-jokioinen", 1),
        Service("suu-hameenlinna", "suun-terveys", 4, CLINIC, "all", survey=0.3),
        Service("suu-riihimaki", "suun-terveys", 3, CLINIC, "all", survey=0.3),
        Service("suu-forssa", "suun-terveys", 2, CLINIC, "all", survey=0.3),
        _clinic("ks-sisataudit", 5),
        _clinic("ks-kirurgia", 5),
        _clinic("ks-silmataudit", 3),
        _clinic("ks-lastentaudit", 2, "family"),
        Service("ks-paivystys", "paivystys", 4, CLINIC, "all", survey=0.3, round_the_clock=True),
        Service("ks-osasto-4a", "erikoissairaanhoito", 3, WARD, "all", survey=0.12, round_the_clock=True),
        Service("ks-kuntoutus", "kuntoutus", 2, VISITS, "all", survey=0.3),
        Service("mt-hameenlinna", "mielenterveys", 3, VISITS, "adult", survey=0.1),
        Service("mt-riihimaki", "mielenterveys", 2, VISITS, "adult", survey=0.1),
        Service("mt-forssa", "mielenterveys", 2, VISITS, "adult", survey=0.1),
        Service("paihdepalvelut", "paihdepalvelut", 2, VISITS, "adult", survey=0.05, social=True),
        Service("neuvola-hameenlinna", "neuvola-ja-kouluterveys", 3, CLINIC, "family", survey=0.3),
        Service("neuvola-riihimaki", "neuvola-ja-kouluterveys", 2, CLINIC, "family", survey=0.3),
        Service("kouluterveys", "neuvola-ja-kouluterveys", 2, CLINIC, "family"),
        _social("perhesosiaalityo", "lapsiperheet", 2, "family"),
        _social("lastensuojelu-hameenlinna", "lastensuojelu", 1.5, "family"),
        _social("lastensuojelu-riihimaki", "lastensuojelu", 1, "family"),
        _social("perheoikeus", "perheoikeus", 0.5, "family"),
        _social("aikuissosiaalityo-hameenlinna", "tyoikaiset", 2, "adult"),
        _social("aikuissosiaalityo-riihimaki", "tyoikaiset", 1.5, "adult"),
        _social("aikuissosiaalityo-forssa", "tyoikaiset", 1, "adult"),
        _social("vammaispalvelut", "vammaispalvelut", 1, "adult"),
        _home("kotihoito-hameenlinna", 6),
        _home("kotihoito-riihimaki", 4),
        _home("kotihoito-forssa", 3),
        Service("asumispalvelut-hameenlinna", "asumispalvelut", 2, HOUSING, "old", social=True),
        Service("asumispalvelut-forssa", "asumispalvelut", 1, HOUSING, "old", social=True),
    ),
    lines=(
        Line("paivystysapu", "ensilinja-paivystysapu", 18, HEALTH_REASONS, sms=0.002, round_the_clock=True),
        Line("terveys", "ensilinja-terveys", 40, HEALTH_REASONS, chat=0.17, booking=0.12),
        Line(
            "suun-terveys",
            "ensilinja-suun-terveys",
            14,
            ("hammassarky", "ajanvaraus", "tarkastus"),
            0.08,
            booking=0.3,
        ),
        Line(
            "perhekeskus",
            "ensilinja-perhekeskus",
            8,
            ("neuvola", "vanhemmuus", "arjen-tuki"),
            chat=0.25,
            booking=0.2,
        ),
        Line("mielenterveys", "ensilinja-mielenterveys", 6, ("kriisi", "mieliala", "paihteet"), chat=0.12),
        Line("sosiaali", "ensilinja-sosiaali", 7, SOCIAL_REASONS, chat=0.08),
        Line("ikaihmiset", "ensilinja-ikaihmiset", 8, ("kotihoito", "omaishoito", "asuminen"), sms=0.02),
        Line("laskutus", "ensilinja-laskutus", 4, ("lasku", "maksukatto"), sms=0.0),
    ),
    devices=(
        "ta-hameenlinna",
        "ta-riihimaki",
        "ta-forssa",
        "ta-janakkala",
        "suu-hameenlinna",
        "ks-paivystys",
    ),
    suuntima_units=(
        "ta-hameenlinna",
        "ta-riihimaki",
        "ks-kuntoutus",
        "mt-hameenlinna",
        "neuvola-hameenlinna",
    ),
    hyte_unit="ensilinja-terveys",
    hyte_since=date(2024, 1, 1),
    chat_unit="digisotekeskus",
    chat_since=date(2025, 3, 1),
    moved={"ta-jokioinen": (date(2026, 1, 1), "ta-forssa")},
)

PIRHA = Plan(
    county="pirha",
    share=0.25,
    services=(
        _station("ta-hervanta", 5),
        _station("ta-tammelakeskus", 5),
        _station("ta-nokia", 3),
        Service("suu-tampere", "suun-terveys", 4, CLINIC, "all", survey=0.3),
        _clinic("tays-poliklinikat", 9),
        Service("tays-osastot", "erikoissairaanhoito", 3, WARD, "all", survey=0.2, round_the_clock=True),
        _clinic("tays-valkeakoski", 2),
        Service("neuvola-tampere", "neuvola-ja-kouluterveys", 4, CLINIC, "family", survey=0.3),
        Service("psykiatria-tampere", "mielenterveys", 3, VISITS, "adult", survey=0.1),
        _social("lastensuojelu-tampere", "lastensuojelu", 1.5, "family"),
        _social("aikuissosiaalityo-tampere", "tyoikaiset", 3, "adult"),
        _home("kotihoito-tampere", 7),
    ),
    lines=(
        Line("terveys", "ensilinja-terveys", 60, HEALTH_REASONS, chat=0.12, booking=0.1),
        Line("sosiaali", "ensilinja-sosiaali", 15, SOCIAL_REASONS, chat=0.05),
    ),
    devices=("ta-hervanta", "ta-tammelakeskus", "tays-valkeakoski"),
    suuntima_units=("ta-hervanta", "psykiatria-tampere"),
    hyte_unit="ensilinja-terveys",
    hyte_since=date(2025, 1, 1),
    chat_unit="ensilinja-terveys",
    chat_since=date(2000, 1, 1),
    moved={},
)

COUNTIES: Mapping[str, Plan] = {plan.county: plan for plan in (OMA_HAME, PIRHA)}


def units_of(plan: Plan) -> frozenset[str]:
    """All unit codes that events of a county can have."""
    units = {service.unit for service in plan.services} | {line.unit for line in plan.lines}
    units |= {unit for _, unit in plan.moved.values()}
    return frozenset(units.union(plan.devices, plan.suuntima_units, (plan.hyte_unit, plan.chat_unit)))


def missing_units(counties: tuple[str, ...], known: Mapping[str, frozenset[str]]) -> list[str]:
    """Units of the simulation that the register lacks."""
    return sorted(unit for county in counties for unit in units_of(COUNTIES[county]) - known.get(county, frozenset()))

"""An invented report: every kind of value, of gap and of text that people and registers can write."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from deploy.report.model import (
    Change,
    Edition,
    Gap,
    Hidden,
    KeyResult,
    Name,
    Narrative,
    Objective,
    Point,
    Report,
    Restatement,
    Row,
    Table,
    Trend,
    Value,
)
from deploy.report.periods import months_until
from deploy.report.published import change
from deploy.report.tables import SPECS

AT = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script> & "quoted" | pipe \''


def trend(*values: float | None, half_width: float = 0.02) -> Trend:
    """A trend of a share until 2026-09; None is a hidden month."""
    months = months_until("2026Q3", len(values))
    return Trend("month", tuple(_point(month, value, half_width) for month, value in zip(months, values, strict=True)))


def _point(month: str, value: float | None, half_width: float) -> Point:
    if value is None:
        return Point(month, Value("share", reason="hidden"), Value("share", reason="hidden"))
    return Point(month, Value("share", value), Value("share", value - half_width, value + half_width))


GROWTH = trend(0.352, 0.355, 0.361, 0.358, None, 0.366, 0.371, 0.369, 0.374, 0.377, 0.379, 0.383, 0.38)

KEY_RESULT = KeyResult(
    id="ensilinja-loppuun-asti",
    objective="ensikontakti",
    name=Name(
        "ensilinja-loppuun-asti",
        {
            "fi": "Asiakkaiden asioista hoidetaan ensilinjassa loppuun asti 10 % enemmän kuin vuonna 2025",
            "sv": "Av klienternas ärenden sköts 10 % fler till slut i första linjen än år 2025",
            "en": "10 % more of clients' matters are handled to the end in the first line than in 2025",
        },
    ),
    owner="Ensilinjan ohjausryhmä",
    metric="fcr.gross",
    direction="increase",
    baseline=Value("share", 0.36),
    target=Value("share", 0.396),
    actual=Value("share", 0.38),
    interval=Value("share", 0.36, 0.4),
    low_n=False,
    margin=0.005,
    change_points=2.0,
    change_relative=5.5555,
    progress=0.5556,
    met=False,
    coverage=1.0,
    status="challenges",
    status_by="palvelujohtaja",
    status_at=AT,
    comment="Chat-palveluissa hoidetaan loppuun asti enemmän kuin puhelimessa.",
    trend=GROWTH,
)
INDICATIVE = replace(
    KEY_RESULT,
    id="hyodyllinen",
    name=Name("hyodyllinen", {"fi": "90 % asiakkaista kokee saamansa ensilinjan palvelun hyödyllisenä"}),
    actual=Value("share", 0.784),
    interval=None,
    low_n=True,
    margin=0.0,
    target=Value("share", 0.9),
    baseline=Value("share", reason="missing"),
    change_points=None,
    change_relative=None,
    progress=None,
    coverage=0.25,
    status=None,
    status_by=None,
    status_at=None,
    comment=None,
    trend=trend(*[None] * 12, 0.784),
)
WITHOUT_FIGURES = replace(
    INDICATIVE,
    id="palvelutapahtumat",
    name=Name("palvelutapahtumat", {}),
    actual=Value("share", reason="hidden"),
    target=Value("share", reason="undefined"),
    met=None,
    coverage=None,
    trend=trend(*[None] * 13),
)


def objective(*results: KeyResult, **changed: Any) -> Objective:
    """An objective of these key results."""
    made = Objective(
        id="ensikontakti",
        name=Name(
            "ensikontakti",
            {
                "fi": "Asiakas saa helposti yhteyden sekä ratkaisun ensikontaktissa",
                "sv": "Klienten får lätt kontakt och en lösning vid första kontakten",
                "en": "Clients get in touch easily and get a solution at first contact",
            },
        ),
        description=Name("ensikontakti", {"fi": "Pääsy oikeaan palveluun oikeaan aikaan."}),
        narratives=(Narrative("fi", "**Kokonaisuus:** painopiste oli vakiinnuttamisessa.\n\n- HYTE", "johtaja", AT),),
        key_results=results,
    )
    return replace(made, **changed)


def table(spec_id: str, *rows: Row) -> Table:
    """One of the report's tables with these rows."""
    spec = next(spec for spec in SPECS if spec.id == spec_id)
    return Table(spec.id, spec.part, spec.levels[-1], spec.views, spec.keys, spec.columns, spec.headline, rows)


def nps_row(name: Name, score: float, n: int, before: Change | None = None, **changed: Any) -> Row:
    """A row of NPS; the score before was 2 points lower."""
    now = Value("points", score)
    values = (now, Value("points", score - 3, score + 3), Value("count", n))
    compared = before or change(Value("points", score - 2), now)
    return replace(Row((name,), values, total=False, low_n=n < 30, hidden=False, change=compared), **changed)


HIDDEN_NPS = Row(
    names=(Name("kotihoito", {}),),
    values=(Value("points", reason="hidden"),) * 2 + (Value("count", reason="hidden"),),
    total=False,
    low_n=False,
    hidden=True,
    change=change(Value("points", 70.0), Value("points", reason="hidden")),
)
AREAS = table(
    "nps_areas",
    nps_row(Name("oma-hame", {}), 77.45, 55000, total=True),
    nps_row(Name("neuvola", {"fi": "Neuvola", "sv": "Rådgivning", "en": "Child health clinic"}), 66.7, 12),
    HIDDEN_NPS,
)


def report(**changed: Any) -> Report:
    """A report with everything in it."""
    filled = {"nps_areas": AREAS}
    tables = tuple(filled.get(spec.id) or table(spec.id) for spec in SPECS)
    made = Report(
        county="oma-hame",
        county_name=Name("oma-hame", {"fi": "Oma Häme", "sv": "Egentliga Tavastland", "en": "Kanta-Häme"}),
        quarter="2026Q3",
        previous="2026Q2",
        state="provisional",
        edition=Edition(2, AT, "talousjohtaja", "ennen aluehallitusta"),
        published_at=AT,
        objectives=(objective(KEY_RESULT, INDICATIVE, WITHOUT_FIGURES),),
        tables=tables,
        restatements=(
            Restatement(
                "fcr",
                {"scope_level": "line", "scope": "terveys", "channel": "all"},
                (Name("terveys", {}),),
                "gross",
                Value("share", 0.36),
                Value("share", 0.37),
                ("corrected", "late"),
            ),
        ),
        hidden=tuple(Hidden(found.id, sum(r.hidden for r in found.rows), len(found.rows)) for found in tables),
        hidden_levels=(),
        gaps=(Gap("months", "fcr", months=("2026-07",)), Gap("not_published", "segments", 2026)),
    )
    return replace(made, **changed)

"""Words for changes, restatements and statuses that the page and Markdown share."""

from typing import Final

from deploy.report.changes import KEY_RESULT
from deploy.report.model import Change, Gap, KeyResult, Language, Restatement, Table, Unit
from deploy.report.numbers import difference, minute, per_cent, period
from deploy.report.tables import column
from deploy.report.texts import definitions, name_in, text

DEFAULT_ROLE: Final = "steward"
_MARKS: Final = {"planned": "●", "challenges": "▲", "support": "■"}
_MANYFOLD: Final = 1000  # per cent


def status_mark(status: str | None) -> str:
    """A sign of people's status: its shape says it, on paper without colour too."""
    return _MARKS.get(status or "", "○")


def change_words(language: Language, change: Change) -> str:
    """A change in its unit; of counts and ratios in per cent, which compares small and large ones, unless it is a
    multiple of a small one.
    """
    if change.points is None:
        return text(language, "not_comparable")
    unit: Unit = change.now.unit
    if unit in ("count", "ratio") and change.relative is not None and abs(change.relative) < _MANYFOLD:
        return per_cent(language, change.relative, 1, sign=True)
    return difference(language, unit, change.points, short=True)


def unit_below(result: KeyResult) -> bool:
    """Whether units are missing, so that a computed value is indicative and has no colour."""
    return result.coverage is not None and result.coverage < 1


def verdict(language: Language, result: KeyResult) -> str:
    """What the computed value says about the target."""
    if result.actual.number is None:
        return text(language, "met_unknown")
    if unit_below(result):
        return text(language, "indicative")
    if result.met and result.margin and not _reaches_target(result):
        return text(language, "met_margin")
    return text(language, "met_unknown" if result.met is None else "met" if result.met else "not_met")


def _reaches_target(result: KeyResult) -> bool:
    """Whether the target is met without the margin."""
    aim = result.baseline.number if result.direction == "maintain" else result.target.number
    assert result.actual.number is not None and aim is not None  # else `met` is None
    return result.actual.number <= aim if result.direction == "decrease" else result.actual.number >= aim


def said_by(language: Language, role: str) -> str:
    """Who said something; the role that is stored where nobody was named, in words."""
    return text(language, "steward") if role == DEFAULT_ROLE else role


def restatement_words(language: Language, found: Restatement) -> str:
    """Figure, column and the keys that are not 'all'; of a key result its name and the column."""
    keys = ", ".join(name_in(language, name) for name in found.names)
    if found.view == KEY_RESULT:
        return f"{keys}: {text(language, found.column)}"
    defined = definitions()
    figure = defined["figures"][found.view]["name"][language]
    label = defined["columns"][column(f"{found.view}.{found.column}").label][language]
    return f"{figure}: {label} ({keys})" if keys else f"{figure}: {label}"


def cause_words(language: Language, found: Restatement) -> str:
    """The causes of a restatement. Without a changed fact, the passing of time changed the value."""
    return ", ".join(text(language, f"cause_{cause}") for cause in found.causes or ("none",))


def gap_words(language: Language, gap: Gap) -> str:
    """What is missing, as a sentence."""
    return text(
        language,
        f"gap_{gap.kind}",
        family=text(language, f"family_{gap.family}") if gap.family else "",
        year=gap.year,
        months=", ".join(period(language, month) for month in gap.months),
        date=minute(language, gap.at) if gap.at else text(language, "missing"),
    )


def key_words(language: Language, table: Table, key: str) -> str:
    """What names the rows of a table. A scope is the level that the table shows below the county."""
    return text(language, f"key_{table.level if key == 'scope' else key}")


def is_compared(table: Table) -> bool:
    """Whether any row of the table can be compared with the previous quarter."""
    return any(row.change.points is not None for row in table.rows)

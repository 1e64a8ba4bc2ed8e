"""A trend in words, for those who do not see its picture."""

from deploy.report.model import KeyResult, Language
from deploy.report.numbers import amount, period, shown
from deploy.report.texts import name_in, text


def describe(language: Language, result: KeyResult) -> str:
    """The alternative text of the picture: how many values, the lowest, the highest, the latest, the target."""
    points = [point for point in result.trend.points if point.value.number is not None]
    if not points:
        return text(language, "trend_none")
    low = min(points, key=lambda point: point.value.number or 0)
    high = max(points, key=lambda point: point.value.number or 0)
    last = points[-1]
    unit = result.actual.unit
    words = text(
        language,
        "trend_alt" if len(points) > 1 else "trend_alt_one",
        name=name_in(language, result.name),
        count=len(points),
        low=amount(language, unit, low.value.number or 0),
        low_period=period(language, low.period),
        high=amount(language, unit, high.value.number or 0),
        high_period=period(language, high.period),
        last=amount(language, unit, last.value.number or 0),
        last_period=period(language, last.period),
    )
    if result.target.number is None:
        return words
    return words + text(language, "trend_alt_target", target=shown(language, result.target))

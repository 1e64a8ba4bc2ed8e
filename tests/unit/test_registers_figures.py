"""What registers may refer to: the views, columns and values of published figures."""

from typing import get_args

import pytest

from shared.contracts.care import ServiceEvent, Suuntima
from shared.contracts.contact import HyteCounted
from shared.contracts.feedback import Answered, Given
from shared.contracts.types import Data
from shared.disclosure.model import VIEWS as PUBLISHED
from shared.registers.figures import CLOSED_VALUES, CONSTANT_KEYS, METRICS, VIEWS, is_share


def test_views_and_columns_are_those_of_publication() -> None:
    assert set(METRICS) == set(PUBLISHED) == set(VIEWS)
    assert set(CONSTANT_KEYS) <= set(PUBLISHED)
    assert all(METRICS.values())
    shares = {f"{view}.{column}" for view, columns in METRICS.items() for column in columns if is_share(column)}
    assert shares >= {"response_rate.rate", "fcr.net", "pei.dont_know_share", "statement.top1", "access.bounce_rate"}
    assert not shares & {"nps.score", "fcr.handled", "revolving.index", "events_per_client.events_per_client"}


@pytest.mark.parametrize(
    ("view", "key", "event", "more"),
    [
        ("nps", "channel", Answered, {"all"}),
        ("direct_feedback", "channel", Given, {"all"}),
        ("direct_feedback", "kind", Given, {"all"}),
        ("hyte", "kind", HyteCounted, {"first_line_guidance"}),
        ("service_events", "event_class", ServiceEvent, {"all"}),
        ("suuntima", "battery", Suuntima, {"all"}),
        ("suuntima", "sex", Suuntima, {"all"}),
        ("suuntima", "result", Suuntima, set()),
        ("suuntima_stock", "result", Suuntima, set()),
    ],
)
def test_closed_values_are_those_of_the_events(view: str, key: str, event: type[Data], more: set[str]) -> None:
    assert set(CLOSED_VALUES[view][key]) == more | set(get_args(event.model_fields[key].annotation))


def test_closed_values_are_of_keys_that_the_view_has() -> None:
    assert set(CLOSED_VALUES) == set(VIEWS)
    for view, keys in CLOSED_VALUES.items():
        assert set(keys) - {"channel"} <= set(PUBLISHED[view].further)
        assert keys["channel"][0] == CONSTANT_KEYS.get(view, {}).get("channel", "all") == "all"

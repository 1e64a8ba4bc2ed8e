"""Normal forms: those of the standard library, but in linear time."""

import time
import unicodedata

import pytest

from shared.normal_form import normal_form
from tests.unit.ingest_cases import GIVEN, event, reason

MARKS = "\u0301\u0316"


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\u0308 " * 2000,
        "\uff10" * 3000,
        "x" * 1000 + MARKS * 100 + "\u00e4" * 1000,
        "\u0e01" * 999 + "a\u0316\u0308",
    ],
)
def test_the_form_is_that_of_the_standard_library(form, text):
    assert normal_form(form, text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("field", ["comment", "extra"])
def test_a_run_of_marks_does_not_hold_the_stream_up(field):
    what = event(GIVEN, **{field: "a" + MARKS * 75_000})  # minutes in square time
    started = time.process_time()
    assert reason(what) is None
    assert time.process_time() - started < 5

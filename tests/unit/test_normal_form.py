"""Normal forms equal those of the standard library, but take linear time."""

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
def test_normal_form_equals_the_standard_library(form, text):
    assert normal_form(form, text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("field", ["comment", "extra"])
def test_long_run_of_combining_marks_is_checked_quickly(field):
    sent = event(GIVEN, **{field: "a" + MARKS * 75_000})  # takes minutes in quadratic time
    started = time.process_time()
    assert reason(sent) is None
    assert time.process_time() - started < 5

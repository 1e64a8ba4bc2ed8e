"""Texts, colours and rules of the dashboards of published figures."""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana import texts, theme
from deploy.grafana.__main__ import BOARDS, dashboards, texts_of
from deploy.grafana.alerting import provisioning
from deploy.grafana.columns import Column, figure, properties
from deploy.grafana.texts import Texts
from deploy.grafana.variables import NAMES
from deploy.report import LANGUAGES
from services.fcr.domain import WAIT_BOUNDS

_FOR_PEOPLE = {"content", "description", "label", "noValue", "renamePattern", "text", "title", "tooltip"}
_MARKED = re.compile(r"⟦[^⟧]*⟧")
_COMPLETE_SUMS = re.compile(r"case when not bool_or\(hidden\) then sum\(\w+\) end")
_NOTHING = re.compile("Ei lukuja|Inga siffror|No figures|Ei vertailua|Ingen jämförelse|No comparison")
_SUMS = re.compile(r"\b(sum|avg|array_agg)\(")


@dataclass(frozen=True)
class MarkedTexts(Texts):
    """Every text is its own name in brackets, so that what is not a text stands out."""

    def __call__(self, name: str, /, **values: object) -> str:
        return f"⟦{name}⟧"

    def figure(self, view: str) -> str:
        return f"⟦{view}⟧"

    definition = column = figure

    def report(self, name: str, /, **values: object) -> str:
        return f"⟦{name}⟧"

    def wait(self, seconds: float) -> str:
        return f"⟦{seconds}⟧"


def test_every_text_is_used() -> None:
    used: set[tuple[str, str]] = set()
    for found in texts_of(used):
        BOARDS[found.part](found)
    provisioning(used)
    stored = {(path.stem, name) for path in texts.FOLDER.glob("*.yaml") for name in yaml.safe_load(path.read_text())}
    assert used == stored


def test_missing_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        next(texts_of())("no such text")


@pytest.mark.parametrize("name", BOARDS)
def test_no_text_is_written_in_code(name: str) -> None:
    board = json.loads(JSONEncoder().encode(BOARDS[name](MarkedTexts("fi", name)).build()))
    found = list(texts_for_people(board))
    assert len(found) > 20
    left = [text for text in found if re.search("[A-Za-zÅÄÖåäö]", _MARKED.sub("", text))]
    assert left == []


def texts_for_people(item: Any) -> Iterator[str]:
    """What people read in a dashboard: texts, names of columns, and texts that SQL returns."""
    if isinstance(item, list):
        for each in item:
            yield from texts_for_people(each)
    elif isinstance(item, dict):
        if item.get("id") == "displayName":
            yield item["value"]
        for key, value in item.items():
            if key in _FOR_PEOPLE and isinstance(value, str):
                yield value
            else:
                yield from texts_for_people(value)


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, content in dashboards().items():
        for panel in json.loads(content)["panels"]:
            if panel.get("datasource", {}).get("uid") == "postgresql":
                yield f"{name}: {panel['title']}", panel


def test_panels_say_what_is_hidden_and_what_is_not_there() -> None:
    for name, panel in panels():
        assert panel["description"].endswith((".", "?")), name
        none = panel["fieldConfig"]["defaults"]["noValue"]
        # A tile has room for a few words; the sentence is in its description.
        assert 5 < len(none) < 20 if panel["type"] == "stat" else len(none) > 20, f"{name}: {none}"
        if panel["type"] == "stat":
            assert _NOTHING.search(panel["description"]), name
        for override in panel["fieldConfig"]["overrides"]:
            found = {each["id"]: each["value"] for each in override["properties"]}
            if "unit" not in found:
                continue
            words = {
                mapping["options"]["match"]: mapping["options"]["result"]["text"]
                for mapping in found["mappings"]
                if mapping["type"] == "special"
            }
            assert words.keys() == {"null", "nan"} and all(words.values()), f"{name}: {override['matcher']}"


def test_only_words_of_a_number_panel_are_coloured() -> None:
    for name, panel in panels():
        if panel["type"] != "stat":
            continue
        assert panel["options"]["colorMode"] == "value", name  # `none` ignores the colours of words
        assert [step["color"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [theme.PLAIN], (
            name
        )
        for override in panel["fieldConfig"]["overrides"]:
            found = {each["id"]: each["value"] for each in override["properties"]}
            special = [each["options"]["result"]["color"] for each in found["mappings"] if each["type"] == "special"]
            assert "color" not in found and set(special) <= {theme.MUTED}, name


def test_panels_compute_nothing_from_published_rows() -> None:
    for name, panel in panels():
        queries = [_COMPLETE_SUMS.sub("", target["rawSql"]) for target in panel["targets"]]
        assert not [query for query in queries if _SUMS.search(query)], name
        assert panel["options"].get("reduceOptions", {}).get("calcs", ["last"]) == ["last"], name
        assert panel["options"].get("legend", {}).get("calcs", []) == [], name
        assert not panel.get("transformations"), name
        # On an axis of time, periods before those of the hidden time picker would not be shown.
        assert panel["type"] != "timeseries", name


def test_labels_of_bars_are_not_cut() -> None:
    for language in LANGUAGES:
        found = Texts(language, "leadership")
        words = ("hidden_partly", "undefined_partly", "low_n_short", "provisional")
        longest = f"Q4/2026 ({', '.join(map(found, words))})"
        for name, panel in panels():
            if name.startswith(language) and panel["type"] == "barchart":
                assert panel["options"]["xTickLabelMaxLength"] >= len(longest), name


def test_units_are_read_once_by_a_query() -> None:
    """As a subquery, the view of units would be read for each published row."""
    for name, panel in panels():
        read = [target["rawSql"] for target in panel["targets"] if "from report.unit" in target["rawSql"]]
        assert not [sql for sql in read if re.search(r"\bin \(\s*select", sql)], name


def test_links_carry_every_variable() -> None:
    opened = set()
    for name, panel in panels():
        for override in panel["fieldConfig"]["overrides"]:
            for link in [link for each in override["properties"] if each["id"] == "links" for link in each["value"]]:
                address, _, query = link["url"].partition("?")
                parts = [re.sub(r"^\$\{(\w+):queryparam\}$", r"var-\1=", part) for part in query.split("&")]
                assert sorted(part.split("=")[0] for part in parts) == sorted(f"var-{each}" for each in NAMES), name
                assert address.startswith("/d/hva-") and address.endswith(f"-{name[:2]}"), name
                opened.add(address.removeprefix("/d/hva-")[:-3])
    assert opened <= BOARDS.keys() and "unit" in opened


def test_row_of_a_link_resets_the_levels_below() -> None:
    (link,) = dict(properties(Texts("en", "leadership"), Column("name", opens="experience", sets="division")))["links"]
    for level in ("unit", "service_area", "result_area"):
        assert f"var-{level}=all" in link["url"]
    assert "var-division=${__data.fields.scope:percentencode}" in link["url"]


def test_number_is_named_by_its_label() -> None:
    """Grafana shows the text of a row above its number, where it shows the values of rows and a number has no name."""
    for name, panel in panels():
        numbers = [override for override in panel["fieldConfig"]["overrides"] if "unit" in str(override["properties"])]
        if panel["type"] == "stat" and numbers:
            assert panel["options"]["reduceOptions"] | {"calcs": []} == {"calcs": [], "fields": "", "values": True}
            assert panel["options"]["textMode"] == "value_and_name", name
            assert "displayName" not in str(panel["fieldConfig"]), name


def test_index_is_in_per_cent() -> None:
    found = dict(properties(Texts("en", "first_line"), figure(Texts("en", "first_line"), "revolving.index")))
    assert (found["unit"], found["decimals"]) == ("percent", 1)


def test_waits_are_words() -> None:
    assert theme.WAITS == WAIT_BOUNDS
    mappings: Any = dict(properties(Texts("en", "leadership"), Column("wait_p50", unit="wait")))["mappings"]
    (words,) = [mapping["options"] for mapping in mappings if mapping["type"] == "value"]
    found = {key: word["text"] for key, word in words.items()}
    assert (found["30"], found["120"], found["Infinity"]) == ("≤ 30 s", "≤ 2 min", "> 24 h")
    assert found[str(theme.LONGER_WAIT)] == found["Infinity"]


def test_units_and_colours_come_from_the_theme() -> None:
    units = {(measure.unit, measure.decimals) for measure in theme.MEASURES.values()}
    colors = {*theme.SERIES, *theme.SCALE, theme.GOOD, theme.BAD, theme.MUTED, theme.PLAIN}
    for name, panel in panels():
        for override in panel["fieldConfig"]["overrides"]:
            found = {each["id"]: each["value"] for each in override["properties"]}
            assert "unit" not in found or (found["unit"], found["decimals"]) in units, name
            assert "color" not in found or found["color"]["fixedColor"] in colors, name


def test_colours_can_be_seen_on_both_backgrounds() -> None:
    colors = (*theme.SERIES, *theme.SCALE, theme.GOOD, theme.BAD, theme.MUTED)
    for color, background in itertools.product(colors, theme.BACKGROUNDS):
        assert contrast(color, background) >= 3, f"{color} on {background}"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2.2 defines it."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

"""Texts and colours of the dashboards."""

import itertools

import pytest
import yaml

from deploy.grafana import texts, theme
from deploy.grafana.__main__ import BOARDS, texts_of


def test_every_text_is_used() -> None:
    used: set[tuple[str, str]] = set()
    for found in texts_of(used):
        BOARDS[found.part](found)
    stored = {(path.stem, name) for path in texts.FOLDER.glob("*.yaml") for name in yaml.safe_load(path.read_text())}
    assert used == stored


def test_missing_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        next(texts_of())("no such text")


def test_colours_can_be_seen_on_both_backgrounds() -> None:
    for color, background in itertools.product((*theme.SERIES, theme.GOOD, theme.BAD, theme.MUTED), theme.BACKGROUNDS):
        assert contrast(color, background) >= 3, f"{color} on {background}"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2.2 defines it."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

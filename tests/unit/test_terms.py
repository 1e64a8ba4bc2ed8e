"""Dashboards, the report, the names in the database and the registers have one word for one thing, in each language."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.grafana.__main__ import FOLDER
from deploy.grafana.texts import load
from deploy.report import LANGUAGES, Language
from deploy.report.texts import text

ROOT = Path(__file__).parents[2]
NAMES = ROOT / "shared" / "postgres" / "migrations" / "report" / "views" / "10_names.sql"
KEY_RESULTS = ROOT / "deploy" / "config" / "key_results.yaml"
PROVIDERS = ROOT / "deploy" / "grafana" / "provisioning" / "dashboards" / "hva.yml"
SEGMENT = {"fi": "monialaisen segmentin", "sv": "multisektoriella segmentet", "en": "multidisciplinary segment"}


def stored(key: str, code: str) -> dict[str, str]:
    """The names of a code in the database, by language."""
    (found,) = re.findall(rf"\('{key}', '{code}', '(.*)', '(.*)', '(.*)'\)", NAMES.read_text(encoding="utf-8"))
    return dict(zip(LANGUAGES, found, strict=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_division_and_sector_have_one_name_each(language: Language) -> None:
    division, sector = text(language, "key_division"), text(language, "key_sector")
    assert division == load("shared")["variable_division"][language] == stored("scope_level", "division")[language]
    assert sector == load("unit")["key_sector"][language]
    assert division != sector


def test_segment_has_one_name() -> None:
    assert load("multidisciplinary")["title"] == stored("segment", "multidisciplinary")
    for objective in yaml.safe_load(KEY_RESULTS.read_text(encoding="utf-8"))["key_results"]:
        if objective["id"].startswith("monialainen-"):
            assert all(words in objective[f"name_{language}"].lower() for language, words in SEGMENT.items())


def test_kinds_of_health_promotion_have_one_name() -> None:
    for kind in ("first_line_guidance", "tray_visit", "exercise_referral", "digital_path_coaching"):
        assert load("first_line")[f"kind_{kind}"] == stored("kind", kind)


def test_folders_of_dashboards_are_named_in_their_language() -> None:
    providers = yaml.safe_load(PROVIDERS.read_text(encoding="utf-8"))["providers"]
    folders = {Path(provider["options"]["path"]).name: provider["folder"] for provider in providers}
    assert folders == {"fi": "Suomi", "sv": "Svenska", "en": "English"}
    assert folders.keys() == {path.name for path in FOLDER.iterdir()}

"""The servers that a verb uses: those of the settings come before those of the embedded run."""

import pytest

from deploy.embedded.runfile import Run
from deploy.hva import context

DSNS = {"steward": "postgresql://steward@run/hva", "reader": "postgresql://reader@run/hva"}
OTHER = "postgresql://hva_reader@other/hva"


@pytest.mark.parametrize(
    ("env", "published"), [({}, DSNS["reader"]), ({"HVA_POSTGRES_URL": OTHER}, OTHER)], ids=["run", "settings"]
)
def test_published_figures_are_read_from_the_database_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], published: str
) -> None:
    monkeypatch.setattr(context, "live_run", lambda folder: Run(kafka="run:9092", postgres=DSNS))
    assert context.resolve(None, env).postgres_published == published

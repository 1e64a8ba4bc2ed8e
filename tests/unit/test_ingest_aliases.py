"""With several keys, ingest makes all pseudonyms of a person, and announces that they are one person."""

import dataclasses
import logging
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from services.ingest.aliases import Alias, merge_of
from services.ingest.announced_aliases import AnnouncedAliases
from services.ingest.keys import reload_keys
from services.ingest.validate import Context
from shared.contracts.canonical import digest
from shared.dead_letters import DeadLetterCipher
from shared.edge.runtime import Runtime
from shared.health import Health
from shared.keys import Key
from shared.metrics import PipelineMetrics
from shared.person import Merge, decode_person
from shared.pseudonym import Keyring
from shared.record import PlainRecord
from shared.registers import load_folder
from shared.settings import Settings
from tests.unit.ingest_cases import HETU, KEY, MERGED, OTHER_HETU, PID, canonical, context, event, judge

NEW, OLDEST = Key("k2", b"y" * 32), Key("k0", b"z" * 32)
DEFAULT = Path(__file__).parents[2] / "deploy" / "config"
SECRET = "A" * 43 + "="


def context_with(*keys: Key) -> Context:
    return dataclasses.replace(context(), keyring=Keyring(keys))


def aliases(sent: dict[str, Any], *keys: Key) -> tuple[Alias, ...]:
    return getattr(judge(sent, ctx=context_with(*keys)), "aliases", ())


@pytest.mark.parametrize(
    "client", [{"hetu": HETU}, {"hetu": f" {HETU.lower()}\n"}, {"local_id": "A1"}, {"local_id": "A1", "system": "x"}]
)
def test_pseudonyms_of_all_keys_are_those_of_each_key_alone(client: dict[str, str]) -> None:
    sent = event(client=client)
    by_key = {key.id: canonical(sent, context_with(key))["data"]["client"] for key in (NEW, KEY, OLDEST)}
    expected = tuple(Alias("oma-hame", by_key[key], by_key["k2"]) for key in ("k1", "k0"))
    assert aliases(sent, NEW, KEY, OLDEST) == expected
    assert canonical(sent, context_with(NEW, KEY))["data"]["client"] == by_key["k2"]


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        (event(client={"hetu": HETU}), (NEW,)),
        (event(client={"pid": PID}), (NEW, KEY)),
        (event(), (NEW, KEY)),
        (event(client={"hetu": HETU}, unit="unknown"), (NEW, KEY)),
        (event(client={"hetu": HETU}, channel="pigeon"), (NEW, KEY)),
    ],
)
def test_events_without_aliases(sent: dict[str, Any], keys: tuple[Key, ...]) -> None:
    assert aliases(sent, *keys) == ()


def test_both_clients_of_a_merge_have_aliases() -> None:
    found = aliases(event(MERGED, **{"from": {"hetu": HETU}, "into": {"hetu": OTHER_HETU}}), NEW, KEY)
    assert len({alias.other for alias in found}) == len({alias.new for alias in found}) == 2


def test_merge_depends_on_the_two_pseudonyms_only() -> None:
    (one,), (two,) = (
        aliases(event(client={"hetu": HETU}, contact_id=id) | {"id": id, "source": f"urn:hva:oma-hame:{id}"}, NEW, KEY)
        for id in ("c1", "c2")
    )
    assert merge_of(one) == merge_of(two)
    key, value = merge_of(one)
    merge = decode_person(PlainRecord("hva.person.v1", 0, 0, 0, key, value))
    assert isinstance(merge, Merge)
    assert (merge.county, merge.retracted, merge.one, merge.other) == ("oma-hame", False, one.other, one.new)
    assert key.decode() == f"oma-hame:merge:{merge.id}"
    assert one.other[3:] not in merge.id and one.new[3:] not in merge.id
    assert orjson.loads(value)["digest"] == digest({"revision": 1, "merge_id": merge.id}).hex()


def test_announced_merge_equals_a_merge_that_was_sent() -> None:
    alias = Alias("oma-hame", f"k1.{'a' * 22}", f"k2.{'b' * 22}")
    data = {"merge_id": alias.merge_id, "from": {"pid": alias.other}, "into": {"pid": alias.new}}
    sent = event(MERGED, **data) | {
        "id": alias.merge_id,
        "source": "urn:hva:oma-hame:ingest",
        "time": "1970-01-01T00:00:00Z",
    }
    assert orjson.loads(merge_of(alias)[1]) == canonical(sent)


async def test_database_is_not_queried_with_one_key_only() -> None:
    announced = AnnouncedAliases(None)  # type: ignore[arg-type]  # any query would fail
    assert await announced.not_announced(()) == []
    await announced.remember([])


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    (tmp_path / "keys").touch(mode=0o600)
    (tmp_path / "keys").write_text(f"k1 {SECRET}\n")
    registry = CollectorRegistry()
    return Runtime(
        settings=Settings("ingest", "", "", DEFAULT, tmp_path, tmp_path / "keys"),
        registers=load_folder(DEFAULT),
        cipher=DeadLetterCipher([Key("l1", b"x" * 32)]),
        pseudonym_keys=(Key("k1", bytes(32)),),
        logger=logging.getLogger("test-keys"),
        registry=registry,
        metrics=PipelineMetrics("ingest", registry),
        health=Health(()),
    )


async def test_changed_key_file_is_loaded(runtime: Runtime, tmp_path: Path) -> None:
    loaded: list[list[str]] = []
    run = reload_keys(runtime, lambda keyring: loaded.append([key.id for key in keyring.keys]))
    await run()
    assert loaded == [] and runtime.health.warnings() == {}
    (tmp_path / "keys").write_text(f"k2 {'B' * 43}=\nk1 {SECRET}\n")
    await run()
    await run()
    assert loaded == [["k2", "k1"]]
    (tmp_path / "keys").write_text(f"k2 {'B' * 43}=\n")
    await run()
    assert loaded == [["k2", "k1"], ["k2"]] and [key.id for key in runtime.pseudonym_keys] == ["k2"]


@pytest.mark.parametrize(
    ("text", "mode", "warning"),
    [
        ("k2\n", 0o600, "line 1: not"),
        ("", 0o600, "is empty"),
        (f"k2 {'B' * 43}=\nk1 {SECRET}\n", 0o644, "open to others"),
        (f"k2 {'B' * 43}=\n", 0o600, "k1, is missing"),
        (f"k1 {'B' * 43}=\n", 0o600, "k1 has another secret"),
        (None, 0o600, "cannot be read"),
    ],
)
async def test_invalid_key_file_changes_nothing_and_is_logged_once(
    runtime: Runtime, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str | None, mode: int, warning: str
) -> None:
    file = tmp_path / "keys"
    run = reload_keys(runtime, lambda keyring: pytest.fail("the keys were replaced"))
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
        file.chmod(mode)
    await run()
    await run()
    assert warning in runtime.health.warnings()["keys"]
    (logged,) = [record.getMessage() for record in caplog.records]
    assert logged == "pseudonym keys are invalid, the previous ones stay in use"
    assert "BBB" not in caplog.text and "BBB" not in runtime.health.warnings()["keys"]
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(f"k1 {SECRET}\n")
    await run()
    assert runtime.health.warnings() == {}

"""Pseudonyms: one string per person and county, which reveals nothing about the person."""

import base64
import hashlib
import hmac
import re

import pytest

from shared.keys import Key
from shared.pseudonym import Keyring
from tests.unit.ingest_cases import HETU, KEY, MERGED, PID, canonical_data, event, judge, reason


def pseudonym_of(client, county="oma-hame", system="acd"):
    sent = event(client=client, unit="ta" if county == "oma-hame" else "tays")
    return canonical_data(sent | {"source": f"urn:hva:{county}:{system}"})["client"]


def test_pseudonym_is_an_hmac_of_county_kind_and_identifier():
    mac = hmac.new(KEY.secret, f"oma-hame\x1fhetu\x1f{HETU}".encode(), hashlib.sha256).digest()[:16]
    assert pseudonym_of({"hetu": HETU}) == f"k1.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    assert re.fullmatch(r"k1\.[A-Za-z0-9_-]{22}", pseudonym_of({"local_id": "A1"}))


def test_pseudonym_depends_on_county_system_and_identifier():
    same = pseudonym_of({"local_id": "A1"})
    assert pseudonym_of({"local_id": "A1", "system": "acd"}) == same
    assert pseudonym_of({"local_id": "A1", "system": None, "hetu": None}) == same
    assert pseudonym_of({"local_id": "A1", "system": "acd"}, system="mediatri") == same
    others = [
        pseudonym_of({"hetu": "010594Y9032"}),
        pseudonym_of({"hetu": "010594-9032"}),  # another separator
        pseudonym_of({"hetu": HETU}, county="pirha"),
        pseudonym_of({"local_id": "A1"}, county="pirha"),
        pseudonym_of({"local_id": "A1"}, system="mediatri"),
        pseudonym_of({"local_id": "a1"}),
        pseudonym_of({"local_id": " A1"}),
        pseudonym_of({"local_id": "A1\x1f"}),
        pseudonym_of({"local_id": "1", "system": "acda"}),
    ]
    assert len({same, *others}) == 10


def test_pid_of_any_key_is_kept():
    assert pseudonym_of({"pid": PID}) == PID
    assert pseudonym_of({"pid": f"{'k' * 32}.{'-_' * 11}"}) == f"{'k' * 32}.{'-_' * 11}"


@pytest.mark.parametrize(
    "pid",
    [
        "",
        "k1",
        "k1.",
        "k1." + "A" * 21,
        "k1." + "A" * 23,
        "." + "A" * 22,
        "k" * 33 + "." + "A" * 22,
        "k 1." + "A" * 22,
        "k1." + "A" * 21 + "=",
        "k1." + "A" * 21 + "+",
        "k1." + "A" * 21 + "ä",
        "k1." + "A" * 22 + "\n",
        "k1.k1." + "A" * 22,
        7,
        ["k1." + "A" * 22],
    ],
)
def test_invalid_pid_is_rejected(pid):
    assert reason(event(client={"pid": pid})) == "schema"


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"hetu": None},
        {"hetu": HETU, "local_id": "A1"},
        {"hetu": HETU, "pid": PID},
        {"local_id": "A1", "pid": PID},
        {"local_id": ""},
        {"local_id": "x" * 201},
        {"local_id": "a\0"},
        {"local_id": 7},
        {"local_id": "A1", "system": ""},
        {"local_id": "A1", "system": "ACD"},
        {"local_id": "A1", "system": "a_b"},
        {"local_id": "A1", "system": "acd\n"},
        {"local_id": "A1", "system": 7},
        {"system": "acd"},
        {"nimi": "x"},
        "A1",
        7,
        [],
        False,
    ],
)
def test_invalid_client_is_rejected(value):
    assert reason(event(client=value)) == "schema"
    assert reason(event(MERGED, into=value)) == "schema"


@pytest.mark.parametrize("value", [{"local_id": "𝔞" * 200}, {"local_id": "-"}, {"local_id": "all"}, {"local_id": "\n"}])
def test_local_id_may_be_any_string(value):
    assert reason(event(client=value)) is None


def test_unknown_fields_of_a_client_are_counted():
    assert judge(event(client={"hetu": HETU, "a": 1, "b": None})).unknown_fields == 2
    assert judge(event(client={"local_id": "A1", "system": "acd", "a": 1})).unknown_fields == 1
    assert judge(event(client={"pid": PID, "system": "acd"})).unknown_fields == 1
    assert judge(event(client={"hetu": HETU, "local_id": None, "pid": None})).unknown_fields == 0


def test_very_long_system_names_are_accepted():
    client = {"local_id": "A1", "system": "a" * 100_000}
    assert pseudonym_of(client) == pseudonym_of(client)
    assert reason(event(client={"local_id": "A1"}) | {"source": f"urn:hva:oma-hame:{'b' * 100_000}"}) is None


def test_keyring_hides_its_keys_and_is_never_empty():
    keyring = Keyring((KEY, Key("k0", b"x" * 32)))
    keyring.of_local("oma-hame", "acd", "A1")
    assert "0123" not in repr(keyring)
    with pytest.raises(ValueError, match="at least one key"):
        Keyring(())
    assert keyring.of_local("oma-hame", "acd", "A1").startswith("k1.")

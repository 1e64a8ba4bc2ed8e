"""Bodies in a content coding: read whole within the limits, or refused with a sentence and nothing kept."""

import gzip
import json
import zlib

import pytest

from services.ingest import gateway_body
from tests.unit.gateway_cases import BATCH, MIB, STRUCTURED, Standing
from tests.unit.ingest_cases import CONTACT, event

RAW = json.dumps(event(CONTACT)).encode()
GZIP = gzip.compress(RAW, mtime=0)


def bare_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", GZIP),
        ("GZIP", GZIP),
        ("x-gzip", GZIP),
        ("gzip", gzip.compress(RAW[:50]) + gzip.compress(RAW[50:])),
        ("deflate", zlib.compress(RAW)),
        ("deflate", bare_deflate(RAW)),
        ("identity", RAW),
    ],
)
async def test_a_supported_coding_counts(gateway: Standing, coding: str, body: bytes) -> None:
    assert (await gateway.post(body, STRUCTURED | {"Content-Encoding": coding}))[0] == 202


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br", "gzip, gzip"])
async def test_another_coding_is_refused_with_a_sentence(gateway: Standing, coding: str) -> None:
    answer = await gateway.answer(RAW, STRUCTURED | {"Content-Encoding": coding})
    assert (answer.status, answer.headers["Accept-Encoding"]) == (415, "gzip, x-gzip, deflate")
    assert "content coding is not supported" in (await answer.json())["error"]
    assert (gateway.kept.accepted, gateway.kept.dead_letters) == ([], [])


@pytest.mark.parametrize("headers", [STRUCTURED, BATCH])
@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", GZIP[:-1]),
        ("gzip", GZIP[:40]),
        ("gzip", GZIP + GZIP[:5]),
        ("gzip", RAW),
        ("deflate", zlib.compress(RAW)[:-1]),
    ],
)
async def test_a_damaged_body_is_to_be_sent_again(
    gateway: Standing, headers: dict[str, str], coding: str, body: bytes
) -> None:
    status, answer = await gateway.post(body, headers | {"Content-Encoding": coding})
    assert status == 400 and "send the same again" in answer["error"]
    assert (gateway.kept.accepted, gateway.kept.dead_letters) == ([], [])


async def test_the_limit_is_that_of_the_decompressed_body(gateway: Standing) -> None:
    coded = STRUCTURED | {"Content-Encoding": "gzip"}
    right = RAW + b" " * (4 * MIB - len(RAW))
    assert (await gateway.post(gzip.compress(right, 1), coded))[1]["reason"] == "too_large"
    for bomb in (right + b" ", b" " * 64 * MIB):
        status, answer = await gateway.post(gzip.compress(bomb, 1), coded)
        assert (status, answer.keys()) == (413, {"error"})
    assert len(gateway.kept.dead_letters) == 1


async def test_empty_members_without_end_are_refused(gateway: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_body, "_MAX_MEMBERS", 3)
    coded = STRUCTURED | {"Content-Encoding": "gzip"}
    assert (await gateway.post(2 * gzip.compress(b"") + GZIP, coded))[0] == 202
    assert (await gateway.post(3 * gzip.compress(b"") + GZIP, coded))[0] == 400

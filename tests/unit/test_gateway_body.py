"""Bodies with a content coding: decoded within the limits, or refused without a dead letter."""

import gzip
import json
import zlib

import pytest

from services.ingest import gateway_body
from tests.unit.gateway_cases import BATCH, MIB, STRUCTURED, RunningGateway
from tests.unit.ingest_cases import CONTACT, event

RAW = json.dumps(event(CONTACT)).encode()
GZIP = gzip.compress(RAW, mtime=0)


def raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", GZIP),
        ("GZIP", GZIP),
        ("x-gzip", GZIP),
        ("gzip", gzip.compress(RAW[:50]) + gzip.compress(RAW[50:])),
        ("deflate", zlib.compress(RAW)),
        ("deflate", raw_deflate(RAW)),
        ("identity", RAW),
    ],
)
async def test_body_with_a_supported_coding_is_accepted(gateway: RunningGateway, coding: str, body: bytes) -> None:
    assert (await gateway.post(body, STRUCTURED | {"Content-Encoding": coding}))[0] == 202


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br", "gzip, gzip"])
async def test_body_with_another_coding_is_refused(gateway: RunningGateway, coding: str) -> None:
    response = await gateway.send(RAW, STRUCTURED | {"Content-Encoding": coding})
    assert (response.status, response.headers["Accept-Encoding"]) == (415, "gzip, x-gzip, deflate")
    assert "content coding is not supported" in (await response.json())["error"]
    assert (gateway.commit.accepted, gateway.commit.dead_letters) == ([], [])


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
async def test_sender_of_a_damaged_body_is_asked_to_send_it_again(
    gateway: RunningGateway, headers: dict[str, str], coding: str, body: bytes
) -> None:
    status, result = await gateway.post(body, headers | {"Content-Encoding": coding})
    assert status == 400 and "send the same again" in result["error"]
    assert (gateway.commit.accepted, gateway.commit.dead_letters) == ([], [])


async def test_size_limit_applies_to_the_decompressed_body(gateway: RunningGateway) -> None:
    headers = STRUCTURED | {"Content-Encoding": "gzip"}
    largest = RAW + b" " * (4 * MIB - len(RAW))
    assert (await gateway.post(gzip.compress(largest, 1), headers))[1]["reason"] == "too_large"
    for too_large in (largest + b" ", b" " * 64 * MIB):
        status, result = await gateway.post(gzip.compress(too_large, 1), headers)
        assert (status, result.keys()) == (413, {"error"})
    assert len(gateway.commit.dead_letters) == 1


async def test_gzip_body_with_too_many_members_is_refused(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_body, "_MAX_MEMBERS", 3)
    headers = STRUCTURED | {"Content-Encoding": "gzip"}
    assert (await gateway.post(2 * gzip.compress(b"") + GZIP, headers))[0] == 202
    assert (await gateway.post(3 * gzip.compress(b"") + GZIP, headers))[0] == 400

"""A key rotated under running services, and a person erased who is known under both keys: as people type it."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from tests.fault.events import answered, line, recorded
from tests.product import Product
from tests.replica import until

ERASED, KEPT = {"hetu": "010594Y9032"}, {"local_id": "4711"}
PERSONS = "select client, person from {}.client order by 1"


async def hva(product: Product, *words: str, typed: str = "") -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command."""
    environment = {
        **os.environ,
        "HVA_KAFKA_BOOTSTRAP": product.kafka,
        "HVA_POSTGRES_URL": product.database.dsn("hva_steward"),
        "HVA_CONFIG_DIR": str(product.config_dir),
        "HVA_PSEUDONYM_KEY_FILE": str(product.folder / "pseudonym.keys"),
        "HVA_TOPIC_PREFIX": product.topic_prefix,
        "COLUMNS": "200",
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.hva", *words), stdin=pipe, stdout=pipe, stderr=pipe, env=environment
    )
    out, err = await process.communicate(typed.encode())
    return process.returncode or 0, out.decode(), err.decode()


def of(client: dict[str, str], when: str) -> Sequence[bytes]:
    """An event for each family."""
    name = f"{when}-{'-'.join(client)}"
    visit = {"service_event_id": name, "client": client, "unit": "forssa-ta", "sector": "vastaanotto"}
    return (
        answered(name, client=client),
        recorded(name, client=client),
        line("care.service-event", visit | {"occurred_at": "2026-03-02T10:00:00+02:00"}),
    )


async def persons(product: Product, family: str) -> dict[str, int]:
    return {row["client"]: row["person"] for row in await product.fetch(PERSONS.format(family))}


async def test_one_person_under_two_keys(product: Product) -> None:
    ingest, *_ = await product.start_all()
    await product.load([*of(ERASED, "before"), *of(KEPT, "before")])
    await product.wait()

    code, said, _ = await hva(product, "rotate-key")
    assert code == 0 and "Older keys: k1" in said
    await until(lambda: "pseudonym keys loaded" in ingest.log.read_text(), "the new key is in use")
    await product.load([*of(ERASED, "after"), *of(KEPT, "after")])
    await product.wait()
    for family in ("fcr", "segments"):
        known = await persons(product, family)
        assert (len(known), len(set(known.values()))) == (4, 2), family

    erase = ("erase", "--county", "oma-hame")
    code, said, told = await hva(product, *erase, "--hetu-from-stdin", "--yes", "--json", typed="010594y9032\n")
    assert code == 0, told
    receipt: dict[str, Any] = json.loads(said)
    both = {"before": 2, "now": 0}
    assert receipt["facts"] == {"nps": both, "fcr": both, "segments": both} and len(receipt["erasures"]) == 2
    assert "010594" not in said + told and not any(client in said + told for client in known)
    for table in ("nps.response", "fcr.contact", "segments.service_event"):
        rows = await product.fetch(f"select own_client from {table}")
        assert len([row for row in rows if row["own_client"] is None]) == len(rows) / 2 == 2, table

    await product.load(of(ERASED, "later"))
    await product.wait()
    code, said, _ = await hva(product, *erase, "--hetu-from-stdin", "--yes", typed="010594Y9032")
    assert code == 0 and "fcr                    0     0" in said

    code, _, told = await hva(product, "rotate-key", "--retire", "k1", "--yes")
    assert code == 0 and ": 0.\n" in told
    code, said, told = await hva(product, *erase, "--hetu-from-stdin", "--yes", typed="010594Y9033")
    assert code == 2 and "010594" not in said + told
    code, said, told = await hva(product, *erase, "--local-id", "4711", "--system", "acd", typed="n\n")
    assert code == 1 and "2 pseudonyms" in told and "Nothing was erased" in told

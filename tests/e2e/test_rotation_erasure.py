"""`hva rotate-key` with running services, and `hva erase` of a person who has pseudonyms of both keys."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from tests.fault.events import contact_recorded, event_line, feedback_answered
from tests.product import Product
from tests.replica import wait_until

ERASED, KEPT = {"hetu": "010594Y9032"}, {"local_id": "4711"}
PERSONS_QUERY = "select client, person from {}.client order by 1"


async def hva(product: Product, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
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
        *(sys.executable, "-m", "deploy.hva", *arguments), stdin=pipe, stdout=pipe, stderr=pipe, env=environment
    )
    out, err = await process.communicate(stdin.encode())
    return process.returncode or 0, out.decode(), err.decode()


def events_of(client: dict[str, str], prefix: str) -> Sequence[bytes]:
    """An event for each family."""
    name = f"{prefix}-{'-'.join(client)}"
    visit = {"service_event_id": name, "client": client, "unit": "forssa-ta", "sector": "vastaanotto"}
    return (
        feedback_answered(name, client=client),
        contact_recorded(name, client=client),
        event_line("care.service-event", visit | {"occurred_at": "2026-03-02T10:00:00+02:00"}),
    )


async def persons(product: Product, family: str) -> dict[str, int]:
    return {row["client"]: row["person"] for row in await product.fetch(PERSONS_QUERY.format(family))}


async def test_person_with_pseudonyms_of_two_keys_is_erased(product: Product) -> None:
    ingest, *_ = await product.start_all()
    await product.load([*events_of(ERASED, "before"), *events_of(KEPT, "before")])
    await product.wait()

    code, out, _ = await hva(product, "rotate-key")
    assert code == 0 and "Older keys: k1" in out
    await wait_until(lambda: "pseudonym keys loaded" in ingest.log.read_text(), "the new key is in use")
    await product.load([*events_of(ERASED, "after"), *events_of(KEPT, "after")])
    await product.wait()
    for family in ("fcr", "segments"):
        by_client = await persons(product, family)
        assert (len(by_client), len(set(by_client.values()))) == (4, 2), family

    erase = ("erase", "--county", "oma-hame")
    code, out, err = await hva(product, *erase, "--hetu-from-stdin", "--yes", "--json", stdin="010594y9032\n")
    assert code == 0, err
    receipt: dict[str, Any] = json.loads(out)
    erased = {"before": 2, "now": 0}
    assert receipt["facts"] == {"nps": erased, "fcr": erased, "segments": erased} and len(receipt["erasures"]) == 2
    assert "010594" not in out + err and not any(client in out + err for client in by_client)
    for table in ("nps.response", "fcr.contact", "segments.service_event"):
        rows = await product.fetch(f"select own_client from {table}")
        assert len([row for row in rows if row["own_client"] is None]) == len(rows) / 2 == 2, table

    await product.load(events_of(ERASED, "later"))
    await product.wait()
    code, out, _ = await hva(product, *erase, "--hetu-from-stdin", "--yes", stdin="010594Y9032")
    assert code == 0 and "fcr                    0     0" in out

    code, _, err = await hva(product, "rotate-key", "--retire", "k1", "--yes")
    assert code == 0 and ": 0.\n" in err
    code, out, err = await hva(product, *erase, "--hetu-from-stdin", "--yes", stdin="010594Y9033")
    assert code == 2 and "010594" not in out + err
    code, out, err = await hva(product, *erase, "--local-id", "4711", "--system", "acd", stdin="n\n")
    assert code == 1 and "2 pseudonyms" in err and "Nothing was erased" in err

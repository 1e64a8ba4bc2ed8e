"""Key rotation in a running ingest: every input publishes a merge once; an invalid key file changes nothing."""

import asyncio
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from shared.contracts.catalogue import CONTACT, PERSON, Topic
from shared.keys import read_keys
from shared.pseudonym import Keyring
from tests.fault.events import COUNTY, contact_recorded
from tests.fault.topics import read_records, unread_counter
from tests.product import Product
from tests.replica import Replica, wait_until

K1, K2, K3 = (f"{id} {letter * 43}=\n" for id, letter in (("k1", "A"), ("k2", "B"), ("k3", "C")))
HETU = "010594Y9032"


def write_keys(product: Product, text: str) -> Path:
    file = product.folder / "pseudonym.keys"
    staged = file.with_name("staged")
    staged.touch(mode=0o600)
    staged.write_text(text)
    return staged.rename(file)


async def wait_for_log(replica: Replica, text: str, times: int = 1) -> None:
    await wait_until(lambda: replica.log.read_text().count(text) >= times, text)


async def ingested(product: Product, topic: Topic) -> list[dict[str, Any]]:
    """Wait until ingest has read everything. Returns its records on a topic."""
    async with unread_counter(product.kafka, product.topic_prefix, "ingest") as unread_count:

        async def all_read() -> bool:
            return await unread_count() == 0

        await wait_until(all_read, "ingest has read everything")
    found = await read_records(product.kafka, product.topic_prefix, [CONTACT, PERSON])
    return [orjson.loads(record.value) for record in found if record.topic == topic.name]


def expected_pairs(product: Product, *local_ids: str) -> Counter[tuple[str, str]]:
    """For every older key: a merge of each person with a local id, and of the person with a personal identity code."""
    keyring = Keyring(read_keys(product.folder / "pseudonym.keys"))
    newest = Keyring(keyring.keys[:1])._of_hetu(COUNTY, HETU)
    assert newest
    found = [(other, newest[0]) for other in keyring.others_of_hetu(COUNTY, HETU)]
    for id in local_ids:
        found += [(o, keyring.of_local(COUNTY, "acd", id)) for o in keyring.others_of_local(COUNTY, "acd", id)]
    return Counter(found)


def merged_pairs(merges: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    return Counter((merge["data"]["from"], merge["data"]["into"]) for merge in merges)


async def test_person_is_merged_at_the_first_event_with_a_new_key(product: Product) -> None:
    first = await product.start("ingest")
    await product.load(
        [contact_recorded("c1", client={"hetu": HETU}), contact_recorded("c2", client={"local_id": "A"})]
    )
    assert await ingested(product, PERSON) == []

    write_keys(product, K2 + K1)
    await wait_for_log(first, "pseudonym keys loaded")
    lines = [contact_recorded(f"d{n}", client={"hetu": HETU}) for n in range(5)]
    lines += [contact_recorded(f"f{n}", client={"local_id": "A"}) for n in range(5)]
    lines += [
        contact_recorded("x1", client={"local_id": "no unit"}, unit="nowhere"),
        contact_recorded("x2"),
        contact_recorded("x3", client={}),
    ]
    await product.load(lines)
    once = await ingested(product, PERSON)
    assert merged_pairs(once) == expected_pairs(product, "A")
    assert {len({merge["id"], merge["data"]["merge_id"]}) for merge in once} == {1}

    first.signal(2)
    await first.ended()
    second = await product.start("ingest")
    await product.load(lines)
    merges = await ingested(product, PERSON)
    assert merged_pairs(merges) == expected_pairs(product, "A"), "a merge was published again after the restart"

    write_keys(product, K3)
    await wait_for_log(second, "pseudonym keys are invalid")
    _, ready = await second.probe()
    assert isinstance(ready, dict) and "is missing" in ready["warnings"]["keys"]
    write_keys(product, K3 + K2 + K1)
    await wait_for_log(second, "pseudonym keys loaded")
    await product.load(lines)
    merges = await ingested(product, PERSON)
    assert merged_pairs(merges) - expected_pairs(product, "A") == merged_pairs(once)
    assert {event["data"]["client"][:2] for event in await ingested(product, CONTACT) if "client" in event["data"]} == {
        "k1",
        "k2",
        "k3",
    }
    logs = first.log.read_text() + second.log.read_text()
    assert HETU not in logs and not any(part in logs for pair in merged_pairs(merges) for part in pair)


async def test_gateway_and_redrive_publish_the_merges(product: Product) -> None:
    write_keys(product, K2 + K1)
    product.config_dir = Path(shutil.copytree(product.config_dir, product.folder / "config"))
    ingest = await product.start("ingest", {"HVA_GATEWAY_PORT": "0"})
    await wait_for_log(ingest, "the gateway listens")
    (line,) = [line for line in ingest.log.read_text().splitlines() if "the gateway listens" in line]
    url = f"http://127.0.0.1:{json.loads(line)['port']}/events"
    headers = {"Content-Type": "application/cloudevents+json"}
    async with aiohttp.ClientSession() as session:
        for body in (contact_recorded("c1", client={"hetu": HETU}), contact_recorded("c2", client={"hetu": HETU})):
            async with session.post(url, data=body, headers=headers) as answer:
                assert answer.status == 202
    await product.load([contact_recorded("c3", client={"local_id": "A"}, unit="perustettu")])
    assert merged_pairs(await ingested(product, PERSON)) == expected_pairs(product)
    with (product.config_dir / "units.csv").open("a") as units:
        units.write("oma-hame,perustettu,Uusi,Ny,New,avosairaanhoito,terveys,sote,hameenlinna,false,2023-01-01,\n")

    async def merges_published() -> bool:
        return merged_pairs(await ingested(product, PERSON)) == expected_pairs(product, "A")

    await wait_until(merges_published, "the merge of the redriven contact is published")


async def test_replicas_publish_the_same_merge_for_a_person(product: Product) -> None:
    write_keys(product, K2 + K1)
    await asyncio.gather(product.start("ingest"), product.start("ingest"))
    people = [str(n) for n in range(40)]
    clients = [{"hetu": HETU}, *({"local_id": person} for person in people)]
    await product.load([contact_recorded(f"c{n}", client=clients[n % 41]) for n in range(2000)])
    merges = await ingested(product, PERSON)
    assert merged_pairs(merges).keys() == expected_pairs(product, *people).keys()
    assert len({json.dumps(merge, sort_keys=True) for merge in merges}) == 41

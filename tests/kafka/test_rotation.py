"""Two keys in the file of a running ingest: every way in tells the person's merge, once, and a wrong file nothing."""

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
from tests.fault.events import COUNTY, recorded
from tests.fault.topics import left, records
from tests.product import Product
from tests.replica import Replica, until

K1, K2, K3 = (f"{id} {dead_letter * 43}=\n" for id, dead_letter in (("k1", "A"), ("k2", "B"), ("k3", "C")))
HETU = "010594Y9032"


def write(product: Product, text: str) -> Path:
    file = product.folder / "pseudonym.keys"
    staged = file.with_name("staged")
    staged.touch(mode=0o600)
    staged.write_text(text)
    return staged.rename(file)


async def said(replica: Replica, words: str, times: int = 1) -> None:
    await until(lambda: replica.log.read_text().count(words) >= times, words)


async def on_topic(product: Product, topic: Topic) -> list[dict[str, Any]]:
    """What ingest has made of everything that was loaded."""
    async with left(product.kafka, product.topic_prefix, "ingest") as ask:

        async def done() -> bool:
            return await ask() == 0

        await until(done, "ingest has taken everything")
    found = await records(product.kafka, product.topic_prefix, [CONTACT, PERSON])
    return [orjson.loads(record.value) for record in found if record.topic == topic.name]


def expected(product: Product, *local_ids: str) -> Counter[tuple[str, str]]:
    """A merge of each person, and of the one with a personal identity code, for each key behind the first."""
    keyring = Keyring(read_keys(product.folder / "pseudonym.keys"))
    of_code = [*keyring.others_of_hetu(COUNTY, HETU)], Keyring(keyring.keys[:1])._of_hetu(COUNTY, HETU)
    assert of_code[1]
    pairs = [(other, of_code[1][0]) for other in of_code[0]]
    for id in local_ids:
        pairs += [(o, keyring.of_local(COUNTY, "acd", id)) for o in keyring.others_of_local(COUNTY, "acd", id)]
    return Counter(pairs)


def pairs(merges: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    return Counter((merge["data"]["from"], merge["data"]["into"]) for merge in merges)


async def test_a_person_is_joined_at_first_sight(product: Product) -> None:
    first = await product.start("ingest")
    await product.load([recorded("c1", client={"hetu": HETU}), recorded("c2", client={"local_id": "A"})])
    assert await on_topic(product, PERSON) == []

    write(product, K2 + K1)
    await said(first, "pseudonym keys loaded")
    lines = [recorded(f"d{n}", client={"hetu": HETU}) for n in range(5)]
    lines += [recorded(f"f{n}", client={"local_id": "A"}) for n in range(5)]
    lines += [recorded("x1", client={"local_id": "no unit"}, unit="nowhere"), recorded("x2"), recorded("x3", client={})]
    await product.load(lines)
    once = await on_topic(product, PERSON)
    assert pairs(once) == expected(product, "A")
    assert {len({merge["id"], merge["data"]["merge_id"]}) for merge in once} == {1}

    first.signal(2)
    await first.ended()
    second = await product.start("ingest")
    await product.load(lines)
    assert pairs(await on_topic(product, PERSON)) == expected(product, "A")  # told before, by another process

    write(product, K3)
    await said(second, "pseudonym keys are invalid")
    _, ready = await second.probe()
    assert isinstance(ready, dict) and "is missing" in ready["warnings"]["keys"]
    write(product, K3 + K2 + K1)
    await said(second, "pseudonym keys loaded")
    await product.load(lines)
    merges = await on_topic(product, PERSON)
    assert pairs(merges) - expected(product, "A") == pairs(once)
    assert {event["data"]["client"][:2] for event in await on_topic(product, CONTACT) if "client" in event["data"]} == {
        "k1",
        "k2",
        "k3",
    }
    logs = first.log.read_text() + second.log.read_text()
    assert HETU not in logs and not any(part in logs for pair in pairs(merges) for part in pair)


async def test_by_the_gateway_and_by_a_letter(product: Product) -> None:
    write(product, K2 + K1)
    product.config_dir = Path(shutil.copytree(product.config_dir, product.folder / "config"))
    ingest = await product.start("ingest", {"HVA_GATEWAY_PORT": "0"})
    await said(ingest, "the gateway listens")
    (line,) = [line for line in ingest.log.read_text().splitlines() if "the gateway listens" in line]
    url = f"http://127.0.0.1:{json.loads(line)['port']}/events"
    headers = {"Content-Type": "application/cloudevents+json"}
    async with aiohttp.ClientSession() as session:
        for body in (recorded("c1", client={"hetu": HETU}), recorded("c2", client={"hetu": HETU})):
            async with session.post(url, data=body, headers=headers) as answer:
                assert answer.status == 202
    await product.load([recorded("c3", client={"local_id": "A"}, unit="perustettu")])
    assert pairs(await on_topic(product, PERSON)) == expected(product)
    with (product.config_dir / "units.csv").open("a") as units:
        units.write("oma-hame,perustettu,Uusi,Ny,New,avosairaanhoito,terveys,sote,hameenlinna,false,2023-01-01,\n")

    async def told() -> bool:
        return pairs(await on_topic(product, PERSON)) == expected(product, "A")

    await until(told, "the letter counts")


async def test_replicas_that_see_the_same_person_tell_the_same(product: Product) -> None:
    write(product, K2 + K1)
    await asyncio.gather(product.start("ingest"), product.start("ingest"))
    people = [str(n) for n in range(40)]
    clients = [{"hetu": HETU}, *({"local_id": person} for person in people)]
    await product.load([recorded(f"c{n}", client=clients[n % 41]) for n in range(2000)])
    merges = await on_topic(product, PERSON)
    assert pairs(merges).keys() == expected(product, *people).keys()
    assert len({json.dumps(merge, sort_keys=True) for merge in merges}) == 41

"""`hva wait` waits for the dead letters of every service."""

import asyncpg
import pytest

from deploy.embedded.services import SERVICES
from deploy.hva import wait
from deploy.hva.context import VerbError
from shared.postgres.dead_letters import write_dead_letters
from tests.deadlines import DEADLINE_S
from tests.product import Product
from tests.store.dead_letters import CIPHER, dead_letter


async def test_wait_includes_the_dead_letters_of_every_service(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait, "_GRACE_S", DEADLINE_S)  # the servers of a busy machine may answer late
    await product.wait()  # nothing was sent, so this returns
    for service in SERVICES:
        connection = await asyncpg.connect(product.database.dsn(f"hva_{service}"))
        await write_dead_letters(connection, service, [dead_letter(1)], CIPHER)
        await connection.execute(f"update {service}.dead_letter set state = 'redrive'")
        with pytest.raises(VerbError, match="1 dead letters wait for their redrive"):
            await product.wait(0.2)
        await connection.execute(f"update {service}.dead_letter set state = 'resolved'")
        await connection.close()
        await product.wait()

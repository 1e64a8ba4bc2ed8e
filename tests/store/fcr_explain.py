"""Reads what `hva explain` shows of the first-contact family."""

from typing import Any

from deploy.hva.explain import complete, evidence
from tests.product import Database


class Explain:
    """Reads the facts behind a figure as `hva explain` shows them."""

    def __init__(self, database: Database) -> None:
        self._dsn = database.dsn("hva_steward")

    async def facts(self, view: str, **keys: str) -> list[dict[str, Any]]:
        return await evidence(self._dsn, view, complete(view, {"county": "oma-hame", "period": "2026-03", **keys}))

    async def counted(self, view: str, **keys: str) -> dict[str, str]:
        facts = await self.facts(view, **keys)
        counted_by_id = {fact["id"]: fact["counted"] + fact["detail"] for fact in facts}
        assert len(counted_by_id) == len(facts)
        return counted_by_id

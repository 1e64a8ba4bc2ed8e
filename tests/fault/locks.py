"""Who waits for locks in PostgreSQL."""

from tests.fault.harness import FAMILIES, Harness


async def families_waiting_for_county(harness: Harness) -> set[str]:
    """The families that have a replica with a held county."""
    running = [r for r in harness.product.replicas if r.service in FAMILIES and r.process.returncode is None]
    return {r.service for r in running if await harness.metric(r, "hva_delayed_counties") > 0}


async def is_any_lock_awaited(harness: Harness) -> bool:
    """Whether any session waits for any lock, of a county or of a row."""
    return bool(await harness.product.fetch("select 1 from pg_locks where not granted"))

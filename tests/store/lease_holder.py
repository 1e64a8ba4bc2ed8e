"""`python -m tests.store.lease_holder DSN`: a process that holds the lease of the outbox, prints `held`, and beats."""

import asyncio
import sys

from shared.postgres import lease
from shared.postgres.lease import Leases


async def main() -> None:
    lease._SILENCE_S = 1  # type: ignore[misc]  # the test waits for the end of a frozen session
    leases = Leases(sys.argv[1], "segments")
    async with leases.hold("outbox") as held:
        print("held" if held else "refused", flush=True)
        while True:
            await asyncio.sleep(0.2)
            await leases.beat()


if __name__ == "__main__":
    asyncio.run(main())

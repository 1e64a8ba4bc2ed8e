"""A bounded cache whose concurrent requests share one computation."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Cache(Generic[V]):
    """The newest `size` results by key. A result is kept for ever: a key names the version of what it was made from.

    A computation continues when the request that began it gives up, so that the next one finds the result. A failed
    one is not kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._tasks: OrderedDict[Hashable, asyncio.Task[V]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[V]]) -> V:
        """Return the result for the key, made now if it is not there; raises what `make` raises."""
        if (task := self._tasks.get(key)) is None:
            task = self._tasks[key] = asyncio.create_task(_run(make))
            task.add_done_callback(lambda done: self._forget_failed(key, done))
            if len(self._tasks) > self._size:
                self._tasks.popitem(last=False)
        self._tasks.move_to_end(key)
        return await asyncio.shield(task)

    def __len__(self) -> int:
        return len(self._tasks)

    def _forget_failed(self, key: Hashable, task: "asyncio.Task[V]") -> None:
        if (task.cancelled() or task.exception()) and self._tasks.get(key) is task:
            del self._tasks[key]


async def _run(make: Callable[[], Awaitable[V]]) -> V:
    return await make()

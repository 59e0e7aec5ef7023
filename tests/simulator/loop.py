"""One event loop without threads and without time of its own, so that the same seed gives the same run.

What the product hands to threads (`asyncio.to_thread`) is done at once, in place. The loop's time stands still: nothing
of the machine's speed enters a run.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class StillLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that can say whether anything is left to run now."""

    def __init__(self) -> None:
        super().__init__()
        self.set_default_executor(_InPlace())

    def time(self) -> float:
        return 0.0

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        """There is one thread, so nobody must be woken."""
        return self.call_soon(callback, *args, context=context)

    async def settle(self) -> None:
        """Returns once every task waits for something."""
        while self._ready:  # noqa: ASYNC110 - pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            await asyncio.sleep(0)


class _InPlace(ThreadPoolExecutor):
    """Runs what it is given at once."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

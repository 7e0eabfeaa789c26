"""An event loop in a thread of its own: callers need none, and may have one running."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

Result = TypeVar("Result")


class LoopThread:
    """Runs coroutines until it is left; then cancels the rest and closes the resource.

    The loop goes on while the caller decodes the next frames, so answers come in meanwhile.
    """

    def __init__(self, resource: AbstractAsyncContextManager[object]) -> None:
        """Take over a resource that must be closed inside the loop."""
        self._resource = resource
        self._ready: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop = self._ready.result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._left.set)
        self._thread.join()

    def submit(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Start a coroutine."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _main(self) -> None:
        async with self._resource:
            self._left = asyncio.Event()
            self._ready.set_result(asyncio.get_running_loop())
            await self._left.wait()
            # Requests end before their client does, or they would be tried again without it.
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)


async def together(work: list[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Run coroutines at once and return their results in order.

    The first error cancels the others, is raised when they are done, and stands alone.
    """
    tasks = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except BaseExceptionGroup as failed:
        first = failed.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise first

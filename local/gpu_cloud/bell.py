"""One bell for the whole cloud: whoever changes something rings it, whoever waits looks again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Bell:
    """Wakes all that wait for a condition, each time it is rung. Belongs to one event loop."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Let everyone who waits look again."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def until(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait until `condition()` holds; False when `timeout_s` passed first."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    await self._rung.wait()
        except TimeoutError:
            return condition()
        return True

    async def tick(self, every_s: float) -> None:
        """Ring for ever, for the conditions that time alone brings about."""
        while True:
            await asyncio.sleep(every_s)
            self.ring()

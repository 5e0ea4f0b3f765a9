"""Waiting for what nobody tells us of. No other test waits by the clock.

The limits are generous: a busy machine makes late answers, and only one that never comes is wrong.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

ANSWER_S = 300.0  # what a whole local cloud may take to answer
SOON_S = 60.0  # what one process may take
LOOK_S = 0.05

Seen = TypeVar("Seen")


def until(
    look: Callable[[], Seen], within_s: float = ANSWER_S, told: Callable[[], object] = str
) -> Seen:
    """Look until there is something true, and return it; `told` says more where it never comes."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"it never came true: {told()}"
        time.sleep(LOOK_S)
    return seen


async def eventually(look: Callable[[], Awaitable[Any] | Any], within_s: float = SOON_S) -> Any:
    """Do the same where an event loop must go on meanwhile."""
    async with asyncio.timeout(within_s):
        while True:
            seen = look()
            if isinstance(seen, Awaitable):
                seen = await seen
            if seen:
                return seen
            await asyncio.sleep(LOOK_S)

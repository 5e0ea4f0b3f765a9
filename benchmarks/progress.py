"""How soon a member sees that a GPU works, and that telling them so does not delay the result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from benchmarks.crowd import Crowd, crowded_cloud
from benchmarks.figures import milliseconds, show, show_load
from benchmarks.recording_proxy import WORKER

WARM_UP = 3
PICTURES = 12
KINDS: Mapping[str, Mapping[str, str]] = {
    "a quick picture": {"steps": "4"},
    "a slow one": {"steps": "60"},
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What one picture's member saw, in seconds."""

    first_edit_s: float
    """From a worker's claim, which it makes before the first step, to the first edit."""
    final_edit_s: float
    """From the result's being stored to the final edit."""
    edits: int
    """Those that told of progress."""


def measure() -> None:
    """Print both times for quick pictures and for slow ones, which are told of more often."""
    show_load()
    for name, pictures in asyncio.run(_measure()).items():
        edits = sum(one.edits for one in pictures) / len(pictures)
        first, final = ([p.first_edit_s for p in pictures], [p.final_edit_s for p in pictures])
        show(f"claim by a worker to the first edit, {name}", milliseconds(first))
        show(f"result to the final edit, after {edits:.1f} others", milliseconds(final))


async def _measure() -> Mapping[str, Sequence[_Told]]:
    async with crowded_cloud(1) as crowd:
        for _ in range(WARM_UP):
            await crowd.ask(1)
        return {
            name: [await _picture(crowd, options) for _ in range(PICTURES)]
            for name, options in KINDS.items()
        }


async def _picture(crowd: Crowd, options: Mapping[str, str]) -> _Told:
    before, began_at = len(crowd.aws.record), time.time()
    if not (await crowd.ask(1, options)).answered:
        raise RuntimeError("a request got no pictures: what was told of it says nothing")
    by_worker = [call for call in crowd.aws.record[before:] if call.caller == WORKER]
    claimed_at = next(call.at for call in by_worker if call.operation == "s3.PutObject")
    stored_at = max(call.at for call in by_worker if call.operation == "s3.PostObject")
    edits = [
        call["at"]
        for call in await crowd.discord_calls()
        if call["method"] == "PATCH" and call["status"] == HTTPStatus.OK and call["at"] >= began_at
    ]
    return _Told(edits[0] - claimed_at, edits[-1] - stored_at, len(edits) - 1)

"""Finds the processes of a local cloud that run our code, and kills them without a word.

MiniStack, the leashes and the CDK are none of them: AWS does not lose its state.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_KINDS = {
    "Lambda": re.compile(
        r"ministack-lambda-Distillery-"
        r"(Interactions|Dispatcher|Followup|Watchdog|DeadLetters|Canary)Function\S*_worker\.py$"
    ),
    "worker": re.compile(r"python\S* -m gpu_container\.worker\.(serve_\w+)$"),
    "engine": re.compile(r"python\S* -m local\.(engine) "),
}
_WEIGHTS = {"Lambda": 3, "worker": 1, "engine": 1}
"""A Lambda is soon there again; a GPU that dies is away for seconds."""
_LEASH = "leash.py"
_CATCH_S = 2.0
_LOOK_S = 0.002


@dataclass(frozen=True, slots=True)
class Victim:
    """A process that may be killed: its kind, and its name among its kind."""

    pid: int
    kind: str
    name: str


class Killer:
    """Kills processes of the local cloud at work in `scratch`; `kills` counts them by name."""

    def __init__(self, scratch: Path, seed: int) -> None:
        self.kills: Counter[str] = Counter()
        self._scratch = scratch
        self._rng = random.Random(seed)  # noqa: S311 - dice
        self._spared = ""

    async def strike(self) -> None:
        """Kill one process, if there is any. A Lambda is struck while it runs, where possible.

        The name struck last is spared once: where a start takes as long as the pause between two
        strikes, a room that is alone at work would never get to its work.
        """
        victims = [victim for victim in find(self._scratch) if victim.name != self._spared]
        self._spared = ""
        kinds = sorted({victim.kind for victim in victims})
        if not kinds:
            return
        [kind] = self._rng.choices(kinds, [_WEIGHTS[kind] for kind in kinds])
        chosen = [victim for victim in victims if victim.kind == kind]
        if kind == "Lambda":
            chosen = await _at_work(chosen) or chosen
        victim = self._rng.choice(chosen)
        if _kill(victim, self._scratch):
            self.kills[victim.name] += 1
            self._spared = victim.name


def find(scratch: Path) -> list[Victim]:
    """List the processes that run our code with `scratch` for their temporary files.

    That is what tells one local cloud's processes from another's; /proc tells it of each.
    """
    pids = sorted(int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [victim for pid in pids if (victim := _victim(pid, scratch)) is not None]


def _victim(pid: int, scratch: Path) -> Victim | None:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    command = words.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
    if f"TMPDIR={scratch}".encode() not in variables or _LEASH in command:
        return None
    for kind, pattern in _KINDS.items():
        if found := pattern.search(command):
            return Victim(pid, kind, found[1])
    return None


def _kill(victim: Victim, scratch: Path) -> bool:
    """Send SIGKILL; the handle makes sure that it hits this process and no later one of its id."""
    try:
        handle = os.pidfd_open(victim.pid)
    except ProcessLookupError:
        return False
    try:
        if _victim(victim.pid, scratch) != victim:
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


async def _at_work(victims: Sequence[Victim]) -> list[Victim]:
    """Wait a while until some of these have just used the CPU; a Lambda that waits uses none."""
    before = {victim: _cpu_ns(victim) for victim in victims}
    for _ in range(round(_CATCH_S / _LOOK_S)):
        await asyncio.sleep(_LOOK_S)
        now = {victim: _cpu_ns(victim) for victim in victims}
        if busy := [victim for victim in victims if now[victim] > before[victim]]:
            return busy
    return []


def _cpu_ns(victim: Victim) -> int:
    with suppress(OSError, ValueError):
        return int(Path(f"/proc/{victim.pid}/schedstat").read_text().split()[0])
    return 0

"""What members wait for when one, ten and fifty of them ask at once, and who made them wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from benchmarks.crowd import Answered, Crowd, Round, crowded_cloud
from benchmarks.figures import show_load, spread, table

ROUNDS = {1: 12, 10: 3, 50: 1}
"""Members at once, and how often they ask."""

_NOTE = """
The line waits for GPUs: here each of two providers has one worker and two slots. A job in a second
slot waits at its provider for the one before it, and that is in what is added. Requests come in as
fast as they are acknowledged, three at a time; the cores are shared with the engines."""

Rounds = Sequence[tuple[int, Sequence[Round]]]
"""By how many asked at once."""

_STAGES: Mapping[str, Callable[[Answered], float | None]] = {
    "Discord has the acknowledgement": lambda a: a.acknowledged_at - a.sent_at,
    "sent to admitted to the line": lambda a: a.times["admitted"] - a.sent_at,
    "in the line for a free slot": lambda a: a.in_line_s,
    "handed over to the provider": lambda a: a.between("dispatched", "submitted"),
    "at the provider until its first progress": lambda a: a.between("submitted", "started"),
    "the engine's own time": lambda a: a.engine_s,
    "result stored to final edit": lambda a: a.edited_at - a.times["concluded"],
    "whole": lambda a: a.whole_s,
    "added: whole - engine - line": lambda a: a.added_s,
}


def measure() -> None:
    """Print a table of stages, in seconds."""
    show_load()
    rounds = asyncio.run(_measure())
    heading = ["seconds, p50 / p95", *(f"{many} at once" for many, _ in rounds)]
    table([heading, *_counts(rounds), *_stages(rounds)])
    print(_NOTE)


async def _measure() -> Rounds:
    async with crowded_cloud(max(ROUNDS)) as crowd:
        await _warm_up(crowd)
        return [(many, [await crowd.ask(many) for _ in range(n)]) for many, n in ROUNDS.items()]


async def _warm_up(crowd: Crowd) -> None:
    """The first call of a room starts a process, and the first job a worker and an engine."""
    await crowd.ask(1)
    await crowd.ask(6)


def _counts(rounds: Rounds) -> list[list[str]]:
    counts: Mapping[str, Callable[[Round], int]] = {
        "requests": lambda one: len(one.answered) + one.other + one.unacknowledged,
        "answered with pictures": lambda one: len(one.answered),
        "answered with words": lambda one: one.other,
        "not acknowledged within Discord's 3 s": lambda one: one.unacknowledged,
    }
    rows = [
        [name, *(str(sum(map(count, several))) for _, several in rounds)]
        for name, count in counts.items()
    ]
    calls = [sum(one.aws_calls for one in several) / len(several) / n for n, several in rounds]
    return [*rows, ["calls of AWS for each request", *(f"{each:.1f}" for each in calls)]]


def _stages(rounds: Rounds) -> list[list[str]]:
    answered = [[a for one in several for a in one.answered] for _, several in rounds]
    rows = []
    for name, seconds in _STAGES.items():
        cells = [[s for a in together if (s := seconds(a)) is not None] for together in answered]
        rows.append([name, *(spread(cell) for cell in cells)])
    return rows

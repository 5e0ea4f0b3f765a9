"""How long a job in the line will take: from how long the last ones took, and how many run at once.

It is an estimate for a member to read; nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from distillery.core.circuit import CircuitState
from distillery.core.job import Job
from distillery.core.records import ProviderRecord
from distillery.core.routing import Slots

WARM_BEGINS_WITHIN_S = 15.0
"""A worker that is awake shows its first progress within seconds; one that took longer to begin had
to be started."""


def woke_s(job: Job) -> float | None:
    """Return how long the latest attempt waited for its GPU to start; None: one was awake."""
    if "started" not in job.times:
        return None
    took_s = job.times["started"] - job.times["dispatched"]
    return took_s if took_s > WARM_BEGINS_WITHIN_S else None


def expected_s(
    place: int, providers: Sequence[Slots], records: Mapping[str, ProviderRecord], now: float
) -> float | None:
    """Return the seconds until a job's pictures with `place` jobs before it; None: nobody knows.

    With n jobs at once, each taking t, a slot becomes free every t/n.
    """
    working = [
        (slots.limit, records[slots.provider.name])
        for slots in providers
        if slots.provider.name in records
        and records[slots.provider.name].circuit.state(now) is not CircuitState.OPEN
    ]
    took = [seconds for _, record in working for seconds in record.took_s]
    at_once = sum(limit for limit, _ in working)
    if not took or not at_once:
        return None
    each_s = median(took)
    return each_s * (place + 1) / at_once + each_s

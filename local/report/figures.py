"""What a period's jobs come to: how many, how well, how soon, and what the GPUs took."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from distillery.core.answer_metrics import NOT_OURS
from distillery.core.job import Job, JobState

NOBODY = "none"


@dataclass(slots=True)
class Figures:
    """Sums over some jobs. Canaries count in `gpu_s` and `dollars` alone."""

    requests: int = 0
    with_pictures: int = 0
    missed: int = 0
    """Ended without pictures, through no doing of the member's."""
    pictures: int = 0
    gpu_s: float = 0.0
    dollars: float = 0.0
    answer_s: list[float] = field(default_factory=list)
    """From the command to the pictures, of those that got them."""

    @property
    def success(self) -> float | None:
        """The share of ended requests that did not break the objective."""
        ended = self.with_pictures + self.missed
        return self.with_pictures / ended if ended else None

    @property
    def dollars_a_picture(self) -> float | None:
        """What one picture took."""
        return self.dollars / self.pictures if self.pictures else None

    def answered_within(self, share: float) -> float | None:
        """Return the seconds within which that share of the pictures came."""
        if not self.answer_s:
            return None
        ordered = sorted(self.answer_s)
        if share == 0.5:  # noqa: PLR2004 - the median
            return statistics.median(ordered)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def sum_up(jobs: Iterable[Job], dollars_a_second: Mapping[str, float]) -> Figures:
    """Add up some jobs. A provider that has no price counts as free."""
    figures = Figures()
    for job in jobs:
        outcome = job.outcome
        if outcome is not None:
            figures.gpu_s += outcome.gpu_s
            price = dollars_a_second.get(job.provider or NOBODY, 0.0)
            figures.dollars += outcome.gpu_s * price
        if job.is_canary:
            continue
        figures.requests += 1
        if job.state is JobState.SUCCEEDED and outcome is not None:
            figures.with_pictures += 1
            figures.pictures += len(outcome.pictures)
            told_at = job.times.get("delivered", job.times.get("kept", job.created_at))
            figures.answer_s.append(told_at - job.created_at)
        elif job.state is JobState.FAILED and outcome and outcome.error_kind not in NOT_OURS:
            figures.missed += 1
    return figures


def grouped(jobs: Iterable[Job], key: Callable[[Job], str]) -> dict[str, Sequence[Job]]:
    """Sort jobs into groups, in order of their names."""
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(key(job), []).append(job)
    return dict(sorted(groups.items()))


def day_of(job: Job) -> str:
    """Return the day on which a job was accepted, in UTC."""
    return datetime.fromtimestamp(job.created_at, UTC).date().isoformat()


def provider_of(job: Job) -> str:
    """Return the provider that ended a job."""
    return job.provider or job.failed_on or NOBODY

"""How figures are summed up and printed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def show(name: str, value: str) -> None:
    """Print one figure on a line of its own."""
    print(f"{name:<58} {value}", flush=True)


def milliseconds(seconds: Sequence[float]) -> str:
    """Sum up durations in seconds as milliseconds: median, 95th percentile and how many."""
    p95 = statistics.quantiles(seconds, n=20)[-1]
    return (
        f"p50 {statistics.median(seconds) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms "
        f"({len(seconds)} runs)"
    )

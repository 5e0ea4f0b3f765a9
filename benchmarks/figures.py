"""How figures are summed up and printed."""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Sequence


def show(name: str, value: str) -> None:
    """Print one figure on a line of its own."""
    print(f"{name:<58} {value}", flush=True)


def milliseconds(seconds: Sequence[float]) -> str:
    """Sum up durations in seconds as milliseconds: median, 95th percentile and how many."""
    return (
        f"p50 {statistics.median(seconds) * 1000:.1f} ms, p95 {p95(seconds) * 1000:.1f} ms "
        f"({len(seconds)} runs)"
    )


def worst(seconds: Sequence[float]) -> str:
    """Sum up durations in seconds as milliseconds, for a bound that nearly all must keep."""
    median, p99 = statistics.median(seconds) * 1000, percentile(seconds, 0.99) * 1000
    return f"p50 {median:.1f} ms, p99 {p99:.1f} ms ({len(seconds):,} runs)"


def p95(values: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return percentile(values, 0.95)


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile, never more than the largest value, so that few values count."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low, high = ordered[math.floor(at)], ordered[math.ceil(at)]
    return low + (high - low) * (at - math.floor(at))


def spread(seconds: Sequence[float]) -> str:
    """Sum up durations for a cell of a table: `p50 / p95` in seconds."""
    return f"{statistics.median(seconds):.2f} / {p95(seconds):.2f}" if seconds else "-"


def ratio(ours: Sequence[float], others: Sequence[float]) -> str:
    """Compare two rows of rates, taken in turns: `0.99 ±0.02`, the second being twice the error."""
    mean, error = _mean([math.log(one / other) for one, other in _rounds(ours, others)])
    return f"{math.exp(mean):.2f} ±{2 * math.exp(mean) * error:.2f}"


def difference(ours: Sequence[float], others: Sequence[float]) -> str:
    """Compare two rows of times, taken in turns: `+0.31 ±0.05`, the second twice the error."""
    mean, error = _mean([one - other for one, other in _rounds(ours, others)])
    return f"{mean:+.2f} ±{2 * error:.2f}"


def _rounds(ours: Sequence[float], others: Sequence[float]) -> list[tuple[float, float]]:
    """Make one of the two that each round has of both, so that what drifts falls out."""
    return [
        (statistics.mean(ours[at : at + 2]), statistics.mean(others[at : at + 2]))
        for at in range(0, len(ours), 2)
    ]


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error."""
    return statistics.mean(values), statistics.stdev(values) / math.sqrt(len(values))


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows, the first being the heading; all but the first column stand to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for number, (name, *cells) in enumerate(rows):
        right = (f"{c:>{w}}" for c, w in zip(cells, widths[1:], strict=True))
        print("  ".join([f"{name:<{widths[0]}}", *right]), flush=True)
        if number == 0:
            print("  ".join("-" * width for width in widths), flush=True)


def show_load() -> None:
    """Print how busy this machine is: what else runs on it is in every time."""
    load = os.getloadavg()[0]
    show("load of this machine before (1 minute), and its cores", f"{load:.2f}, {os.cpu_count()}")

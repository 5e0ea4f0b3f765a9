"""CloudWatch's statistics over the values of each period ("CloudWatch statistics definitions")."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from local.dashboards.expressions import Unsupported
from local.dashboards.samples import Line

_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": math.fsum,
    "Average": lambda values: math.fsum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": lambda values: float(len(values)),
}


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in equal periods. Epoch seconds, and seconds."""

    begin: float
    period_s: float
    periods: int

    def times(self) -> list[float]:
        """Return when each period begins."""
        return [self.begin + n * self.period_s for n in range(self.periods)]

    def whole(self) -> Window:
        """Return the same time as one period."""
        return Window(self.begin, self.period_s * self.periods, 1)

    def number(self, at: float) -> int | None:
        """Return which period a time lies in, if any."""
        n = int((at - self.begin) // self.period_s)
        return n if 0 <= n < self.periods else None


def series(
    lines: Sequence[Line],
    namespace: str,
    metric: str,
    dimensions: Mapping[str, str],
    statistic: str,
    window: Window,
) -> list[float | None]:
    """Return the statistic of each period; None where nothing was emitted."""
    values: list[list[float]] = [[] for _ in range(window.periods)]
    for line in lines:
        if line.namespace == namespace and line.dimensions == dimensions:
            n = window.number(line.at)
            if n is not None:
                values[n] += line.metrics.get(metric, ())
    return [compute(statistic, some) if some else None for some in values]


def compute(statistic: str, values: Sequence[float]) -> float:
    """Compute one statistic of values, of which there is at least one; raises Unsupported."""
    if statistic in _STATISTICS:
        return _STATISTICS[statistic](values)
    percentile = re.fullmatch(r"p(\d+(?:\.\d+)?)", statistic)
    if not percentile:
        raise Unsupported(f"not played here: the statistic {statistic}")
    ordered = sorted(values)
    at = float(percentile[1]) / 100 * (len(ordered) - 1)
    low, high = ordered[math.floor(at)], ordered[math.ceil(at)]
    return low + (high - low) * (at - math.floor(at))

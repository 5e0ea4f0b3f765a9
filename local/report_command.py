"""`distillery report`: what a period's jobs come to, as a table here and as an HTML file."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from distillery.core.job import Job
from infra.settings import FIELDS, Settings
from local.deployment import CannotRun, Deployment, run_on
from local.job_table import jobs_since
from local.report.figures import Figures, day_of, grouped, sum_up
from local.report.page import HEADINGS, Period, cells, html, rows

_PRICE = "_dollars_per_hour"
_SECONDS_AN_HOUR = 3600


def run(arguments: argparse.Namespace) -> int:
    """Write the report; returns the exit status."""
    return run_on(arguments, partial(_report, arguments))


def _report(arguments: argparse.Namespace, deployment: Deployment) -> None:
    given = prices_of(deployment.settings, arguments.dollars_per_hour)
    prices = {name: dollars / _SECONDS_AN_HOUR for name, dollars in given.items()}
    now = time.time()
    period = _period(now, arguments.days)
    since = datetime.fromisoformat(f"{period.days[0]}T00:00:00+00:00").timestamp()
    jobs = jobs_since(deployment.client("dynamodb"), deployment.table, since)
    _print(jobs, lambda some: sum_up(some, prices))
    try:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(html(jobs, period, prices, now))
    except OSError as error:
        raise CannotRun(f"--out {arguments.out}: {error.strerror}; name another file") from None
    print(f"\nreport: {arguments.out}")


def _period(now: float, days: int) -> Period:
    if days < 1:
        raise CannotRun("--days must be at least 1.")
    today = datetime.fromtimestamp(now, UTC).date()
    return Period([(today - timedelta(days=n)).isoformat() for n in reversed(range(days))])


def prices_of(settings: Settings | None, given: Sequence[str]) -> Mapping[str, float]:
    """Return dollars an hour by provider: as given, else as the settings say, else by default.

    Raises CannotRun for what is given in another form than `runpod=1.224`.
    """
    prices = {
        name.removesuffix(_PRICE): float(
            str(getattr(settings, name) if settings else field.default)
        )
        for name, field in FIELDS.items()
        if name.endswith(_PRICE)
    }
    for one in given:
        name, _, dollars = one.partition("=")
        try:
            price = float(dollars)
        except ValueError:
            raise CannotRun(f"--dollars-per-hour {one}: write it as runpod=1.224") from None
        if name not in prices:
            raise CannotRun(f"--dollars-per-hour {one}: no such provider; {', '.join(prices)}")
        prices[name] = price
    return prices


def _print(jobs: Sequence[Job], figures: Callable[[Sequence[Job]], Figures]) -> None:
    table = [["", *HEADINGS], *rows(grouped(jobs, day_of), figures)]
    lines = [*table, ["all", *cells(figures(jobs))]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, *numbers in lines:
        right = (f"{n:>{width}}" for n, width in zip(numbers, widths[1:], strict=True))
        print("  ".join([f"{name:<{widths[0]}}", *right]))

"""`distillery report`: what a period's jobs come to, as a table here and as an HTML file."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from distillery.core.job import Job
from infra.settings import Settings
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
    prices = {name: dollars / _SECONDS_AN_HOUR for name, dollars in _prices(arguments).items()}
    now = time.time()
    period = _period(now, arguments.days)
    since = datetime.fromisoformat(f"{period.days[0]}T00:00:00+00:00").timestamp()
    jobs = jobs_since(deployment.client("dynamodb"), deployment.table, since)
    _print(jobs, lambda some: sum_up(some, prices))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(html(jobs, period, prices, now))
    print(f"\nreport: {arguments.out}")


def _period(now: float, days: int) -> Period:
    if days < 1:
        raise CannotRun("--days must be at least 1.")
    today = datetime.fromtimestamp(now, UTC).date()
    return Period([(today - timedelta(days=n)).isoformat() for n in reversed(range(days))])


def _prices(arguments: argparse.Namespace) -> Mapping[str, float]:
    fields = {f.name: f.default for f in dataclasses.fields(Settings) if f.name.endswith(_PRICE)}
    prices = {name.removesuffix(_PRICE): float(str(value)) for name, value in fields.items()}
    for given in arguments.dollars_per_hour:
        name, _, dollars = given.partition("=")
        try:
            prices[name] = float(dollars)
        except ValueError:
            raise CannotRun(f"--dollars-per-hour {given}: write it as runpod=1.224") from None
    return prices


def _print(jobs: Sequence[Job], figures: Callable[[Sequence[Job]], Figures]) -> None:
    table = [["", *HEADINGS], *rows(grouped(jobs, day_of), figures)]
    lines = [*table, ["all", *cells(figures(jobs))]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, *numbers in lines:
        right = (f"{n:>{width}}" for n, width in zip(numbers, widths[1:], strict=True))
        print("  ".join([f"{name:<{widths[0]}}", *right]))

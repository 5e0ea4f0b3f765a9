"""The report as one HTML file that needs nothing else: a summary, tables and plots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from distillery.core.job import Job
from local.report.figures import NOBODY, Figures, day_of, grouped, provider_of, sum_up
from local.report.plots import bars, lines

_MOST_MEMBERS = 10
HEADINGS = (
    *("requests", "with pictures", "success", "pictures", "median s", "p95 s"),
    *("GPU s", "$", "$ a picture"),
)
_FACTS = {
    "median s": "median time",
    "p95 s": "p95 of times",
    "GPU s": "of GPUs",
    "$": "for GPUs",
    "$ a picture": "a picture",
}
"""What stands below a figure that has its unit."""
_STYLE = Path(__file__).with_name("report.css").read_text()


Sums = Callable[[Sequence[Job]], Figures]


@dataclass(frozen=True, slots=True)
class Period:
    """The days that a report is about, each a date in UTC, in order."""

    days: Sequence[str]

    def __str__(self) -> str:
        return f"{self.days[0]} to {self.days[-1]}" if len(self.days) > 1 else self.days[0]


def html(
    jobs: Sequence[Job], period: Period, dollars_a_second: Mapping[str, float], made_at: float
) -> str:
    """Write the report."""

    def figures(some: Sequence[Job]) -> Figures:
        return sum_up(some, dollars_a_second)

    asked = [job for job in jobs if not job.is_canary]
    sections = [
        _facts(figures(jobs)),
        _plots(jobs, period, figures),
        _table("By day", grouped(jobs, day_of), figures),
        _table("By provider", grouped(jobs, provider_of), figures),
        _table("By workflow", grouped(asked, lambda job: job.request.workflow), figures),
        _table(f"The {_MOST_MEMBERS} members who asked most", _members(asked), figures),
        _reasons(asked),
    ]
    prices = ", ".join(f"{who} ${price:.6f}" for who, price in sorted(dollars_a_second.items()))
    made = datetime.fromtimestamp(made_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Distillery, {period}'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>Distillery</h1>"
        f"<p>{period}. Made {made}. GPU seconds are those of each job's last attempt, with the "
        f"start of its worker; dollars are these times a second's price: {prices}. A provider also "
        "takes money for a worker that idles, which nobody tells here.</p>"
        f"{''.join(sections)}</body></html>\n"
    )


def rows(groups: Mapping[str, Sequence[Job]], figures: Sums) -> list[list[str]]:
    """Return a table's rows, a group each; the first cell is its name."""
    return [[name, *cells(figures(jobs))] for name, jobs in groups.items()]


def cells(sums: Figures) -> list[str]:
    """Write figures in the order of the headings."""
    return [
        f"{sums.requests:,}",
        f"{sums.with_pictures:,}",
        _or_dash(sums.success, "{:.1%}"),
        f"{sums.pictures:,}",
        _or_dash(sums.answered_within(0.5), "{:.1f}"),
        _or_dash(sums.answered_within(0.95), "{:.1f}"),
        f"{sums.gpu_s:,.1f}",
        f"{sums.dollars:,.4f}",
        _or_dash(sums.dollars_a_picture, "{:.5f}"),
    ]


def _with_unit(heading: str, value: str) -> str:
    if value == "–":
        return value
    if heading.startswith("$"):
        return f"${value}"
    return f"{value} s" if heading.endswith(" s") else value


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _facts(sums: Figures) -> str:
    boxes = "".join(
        f"<div><b>{_with_unit(name, value)}</b><span>{_FACTS.get(name, name)}</span></div>"
        for name, value in zip(HEADINGS, cells(sums), strict=True)
    )
    return f'<div class="facts">{boxes}</div>'


def _plots(jobs: Sequence[Job], period: Period, figures: Sums) -> str:
    by_day = {day: figures([job for job in jobs if day_of(job) == day]) for day in period.days}
    sums = list(by_day.values())
    providers = [name for name in grouped(jobs, provider_of) if name != NOBODY]
    spent = {
        who: [
            figures([j for j in jobs if day_of(j) == day and provider_of(j) == who]).dollars
            for day in period.days
        ]
        for who in providers
    }
    requests = {
        "with pictures": [float(one.with_pictures) for one in sums],
        "missed": [float(one.missed) for one in sums],
        "others": [float(one.requests - one.with_pictures - one.missed) for one in sums],
    }
    waits = {
        "median": [one.answered_within(0.5) for one in sums],
        "p95": [one.answered_within(0.95) for one in sums],
    }
    plots = {
        "Requests": bars(period.days, requests, "requests"),
        "Time to pictures": lines(period.days, waits, "seconds"),
        "GPU dollars": bars(period.days, spent, "dollars"),
        "GPU seconds": bars(period.days, {"all": [one.gpu_s for one in sums]}, "seconds"),
    }
    drawn = "".join(f"<section><h2>{name}</h2>{svg}</section>" for name, svg in plots.items())
    return f'<div class="plots">{drawn}</div>'


def _table(name: str, groups: Mapping[str, Sequence[Job]], figures: Sums) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in ("", *HEADINGS))
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
        for row in rows(groups, figures)
    )
    return f'<h2>{escape(name)}</h2><div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _members(jobs: Sequence[Job]) -> Mapping[str, Sequence[Job]]:
    groups = grouped(jobs, lambda job: job.origin.user_id)
    return dict(sorted(groups.items(), key=lambda pair: -len(pair[1]))[:_MOST_MEMBERS])


def _reasons(jobs: Sequence[Job]) -> str:
    kinds = Counter(j.outcome.error_kind for j in jobs if j.outcome and j.outcome.error_kind)
    body = "".join(
        f"<tr><td>{escape(kind)}</td><td>{count:,}</td></tr>" for kind, count in kinds.most_common()
    )
    table = f"<table><tr><th></th><th>requests</th></tr>{body}</table>" if body else "<p>None.</p>"
    return f"<h2>Why requests got no pictures</h2>{table}"

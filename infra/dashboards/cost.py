"""The section Cost: what the GPUs take. What AWS takes for the rest is in docs/operations.md."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.dashboards.rows import HALF, QUARTER, computed, figure, graph, title
from infra.dashboards.sources import DAY, Sources

_MONTH = Duration.days(30)


def cost(sources: Sources) -> list[Sequence[cloudwatch.IWidget]]:
    """Return the section's rows. Dollars are GPU seconds at the prices in the settings."""
    return [
        [title("Cost", "What do the GPUs take, by the prices in the settings?")],
        [
            figure(
                "Spent, last 30 days",
                [sources.gpu_dollars(period=_MONTH, label="$")],
                "-P30D",
                width=QUARTER,
            ),
            figure(
                f"Left of a budget of ${sources.budget_dollars:,.2f}",
                [_left(sources)],
                "-P30D",
                width=QUARTER,
            ),
            figure(
                "A month at the pace of the last day", [_projected(sources)], "-P1D", width=QUARTER
            ),
            figure("A picture, last day", _a_picture(sources, "{}, $"), "-P1D", width=QUARTER),
        ],
        [
            graph(
                "Dollars a day",
                _a_day(sources),
                unit="$",
                bars=True,
                stacked=True,
                since="-P14D",
                width=HALF,
            ),
            graph(
                "Dollars a picture",
                _a_picture(sources, "{}"),
                unit="$",
                since="-P14D",
                width=HALF,
            ),
        ],
    ]


def _left(sources: Sources) -> cloudwatch.IMetric:
    spent = sources.gpu_dollars(period=_MONTH, label="spent")
    return computed(
        f"{sources.budget_dollars!r} - ({spent.expression})",
        dict(spent.using_metrics or {}),
        period=_MONTH,
        label="$",
    )


def _projected(sources: Sources) -> cloudwatch.IMetric:
    spent = sources.gpu_dollars(period=DAY, label="spent")
    return computed(
        f"30 * ({spent.expression})", dict(spent.using_metrics or {}), period=DAY, label="$"
    )


def _a_day(sources: Sources) -> list[cloudwatch.IMetric]:
    return [
        computed(
            f"FILL(day{number}, 0) * {sources.dollars_a_second[who]!r}",
            {f"day{number}": sources.metric("GpuTime", "Sum", who, provider=who, period=DAY)},
            period=DAY,
            label=who,
        )
        for number, who in enumerate(sources.providers)
    ]


def _a_picture(sources: Sources, label: str) -> list[cloudwatch.IMetric]:
    return [
        computed(
            f"used{number} * {sources.dollars_a_second[who]!r} / made{number}",
            {
                f"used{number}": sources.metric("GpuTime", "Sum", who, provider=who, period=DAY),
                f"made{number}": sources.metric(
                    "JobsSucceeded", "Sum", who, provider=who, period=DAY
                ),
            },
            period=DAY,
            label=label.format(who),
        )
        for number, who in enumerate(sources.providers)
    ]

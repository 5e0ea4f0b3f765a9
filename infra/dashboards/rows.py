"""The few kinds of widget that the dashboard is made of, and their sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

WHOLE, HALF, THIRD, QUARTER = 24, 12, 8, 6
_HEIGHT = 6
_FIGURE_HEIGHT = 4


def title(name: str, question: str) -> cloudwatch.TextWidget:
    """Begin a section."""
    return cloudwatch.TextWidget(
        markdown=f"# {name}\n{question}",
        width=WHOLE,
        height=2,
        background=cloudwatch.TextWidgetBackground.TRANSPARENT,
    )


def figure(
    name: str, metrics: Sequence[cloudwatch.IMetric], since: str, *, width: int = THIRD
) -> cloudwatch.SingleValueWidget:
    """Show one value each for the time since `since`, an ISO 8601 duration such as -P1D."""
    return cloudwatch.SingleValueWidget(
        title=name,
        metrics=list(metrics),
        start=since,
        end="PT0H",
        set_period_to_time_range=True,
        width=width,
        height=_FIGURE_HEIGHT,
    )


def graph(  # noqa: PLR0913 - a graph has that many sides, and most calls name few
    name: str,
    metrics: Sequence[cloudwatch.IMetric],
    *,
    unit: str,
    width: int = HALF,
    stacked: bool = False,
    bars: bool = False,
    line: tuple[float, str] | None = None,
    highest: float | None = None,
    since: str | None = None,
) -> cloudwatch.GraphWidget:
    """Draw metrics over time; `line` is a limit with its name."""
    annotations = [cloudwatch.HorizontalAnnotation(value=line[0], label=line[1])] if line else None
    return cloudwatch.GraphWidget(
        title=name,
        left=list(metrics),
        left_annotations=annotations,
        left_y_axis=cloudwatch.YAxisProps(
            label=unit, show_units=False, min=None if highest else 0, max=highest
        ),
        view=cloudwatch.GraphWidgetView.BAR if bars else cloudwatch.GraphWidgetView.TIME_SERIES,
        stacked=stacked,
        width=width,
        height=_HEIGHT,
        start=since,
        end="PT0H" if since else None,
    )


def query(
    name: str, log_groups: Sequence[str], text: str, *, width: int
) -> cloudwatch.LogQueryWidget:
    """Show a table that Logs Insights makes of log lines: what would cost too much as a metric."""
    return cloudwatch.LogQueryWidget(
        title=name,
        log_group_names=list(log_groups),
        query_string=text,
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        width=width,
        height=_HEIGHT,
    )


def computed(
    expression: str,
    metrics: Mapping[str, cloudwatch.IMetric],
    *,
    period: Duration,
    label: str,
) -> cloudwatch.MathExpression:
    """Return a metric that CloudWatch computes from others."""
    return cloudwatch.MathExpression(
        expression=expression, using_metrics=dict(metrics), period=period, label=label
    )

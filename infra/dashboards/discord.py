"""The section Discord: is it answered in time, and does it take what we send."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.dashboards.rows import THIRD, graph, title
from infra.dashboards.sources import FIVE_MINUTES, Sources

ACKNOWLEDGE_WITHIN_S = 3
"""Discord, "Receiving and Responding": an interaction is lost unless answered within 3 seconds."""


def discord(sources: Sources) -> list[Sequence[cloudwatch.IWidget]]:
    """Return the section's rows."""
    return [
        [title("Discord", "Is it answered within three seconds, and does it take our answers?")],
        [
            graph(
                "Acknowledged",
                [
                    sources.metric("AcknowledgeTime", "p50", "in the room, median"),
                    sources.metric("AcknowledgeTime", "p99", "in the room, p99"),
                    in_seconds(of_api(sources, "Latency", "p99"), "with cold starts, p99"),
                ],
                unit="seconds",
                line=(ACKNOWLEDGE_WITHIN_S, "Discord gives up"),
                width=THIRD,
            ),
            graph(
                "Interactions",
                [
                    sources.metric("AcknowledgeTime", "SampleCount", "acknowledged"),
                    sources.metric("InteractionsFailed", "Sum", "failed"),
                    sources.metric("SignaturesRefused", "Sum", "wrong signatures"),
                    of_api(sources, sources.api_errors, "Sum"),
                ],
                unit="calls",
                width=THIRD,
            ),
            graph(
                "What Discord thinks of us",
                [
                    sources.metric("RateLimitsMet", "Sum", "rate limits met"),
                    sources.metric("DiscordInvalidRequests", "Sum", "invalid requests"),
                    sources.metric("AnswersRefused", "Sum", "answers refused"),
                    sources.metric("AnswersByBot", "Sum", "answers by the bot"),
                    sources.metric("ProgressDropped", "Sum", "progress dropped"),
                ],
                unit="calls",
                width=THIRD,
            ),
        ],
    ]


def of_api(sources: Sources, name: str, statistic: str) -> cloudwatch.Metric:
    """Return one of API Gateway's own metrics, which cost nothing. Latency is in milliseconds."""
    return cloudwatch.Metric(
        namespace="AWS/ApiGateway",
        metric_name=name,
        dimensions_map=dict(sources.api),
        statistic=statistic,
        period=FIVE_MINUTES,
        label=f"{name} of the API",
    )


def in_seconds(milliseconds: cloudwatch.Metric, label: str) -> cloudwatch.MathExpression:
    """Return a metric of milliseconds in seconds."""
    return cloudwatch.MathExpression(
        expression="api / 1000",
        using_metrics={"api": milliseconds},
        period=FIVE_MINUTES,
        label=label,
    )

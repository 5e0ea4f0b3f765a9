"""The section Providers: who works, who does not, and why."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.dashboards.rows import HALF, THIRD, WHOLE, graph, query, title
from infra.dashboards.sources import HOUR, Sources

_MINUTE = Duration.minutes(1)


def providers(sources: Sources) -> list[Sequence[cloudwatch.IWidget]]:
    """Return the section's rows."""
    rows = [
        [title("Providers", "Who makes the pictures, and what goes wrong there?")],
        _at_work(sources),
        _outcomes(sources),
        _health(sources),
    ]
    if sources.sagemaker_endpoint:
        rows.append([_endpoint(sources.sagemaker_endpoint)])
    return rows


def _at_work(sources: Sources) -> Sequence[cloudwatch.IWidget]:
    return [
        graph(
            "Slots in flight",
            sources.by_provider("SlotsTaken", "Maximum", "{}"),
            unit="jobs",
            stacked=True,  # together they are what the line is about
            line=(float(sum(sources.slots.values())), "all slots"),
            width=THIRD,
        ),
        graph(
            "Dispatched, and first jobs of a worker",
            [
                sources.metric("JobsDispatched", "Sum", "dispatched"),
                sources.metric("ColdStarts", "Sum", "cold starts"),
            ],
            unit="jobs",
            width=THIRD,
        ),
        graph(
            "GPU seconds",
            sources.by_provider("GpuTime", "Sum", "{}"),
            unit="seconds",
            stacked=True,
            width=THIRD,
        ),
    ]


def _outcomes(sources: Sources) -> Sequence[cloudwatch.IWidget]:
    return [
        graph(
            "How jobs ended",
            [
                *sources.by_provider("JobsSucceeded", "Sum", "pictures, {}"),
                *sources.by_provider("JobsFailed", "Sum", "words, {}"),
            ],
            unit="jobs",
        ),
        graph(
            "What came to nothing",
            [
                sources.metric("ProviderRefusals", "Sum", "refused"),
                sources.metric("AttemptsLost", "Sum", "lost"),
                sources.metric("AttemptsMoved", "Sum", "moved: waited too long"),
            ],
            unit="attempts",
        ),
    ]


def _health(sources: Sources) -> Sequence[cloudwatch.IWidget]:
    return [
        graph(
            "Health",
            [
                sources.metric("CircuitOpen", "Sum", "minutes with an open circuit"),
                sources.metric("CircuitsOpened", "Sum", "circuits opened"),
                sources.metric("CircuitsClosed", "Sum", "circuits closed"),
                sources.metric("CanariesSucceeded", "Sum", "canaries well", period=HOUR),
            ],
            unit="times",
        ),
        query(
            "What went wrong, by provider",
            sources.rooms_that_answer,
            "filter ispresent(CircuitsOpened) or ispresent(ProviderRefusals)"
            " or ispresent(AttemptsLost) or ispresent(JobsRetried) or ispresent(CanariesFailed)"
            " or ispresent(ColdStarts) | stats sum(CircuitsOpened) as circuits_opened,"
            " sum(ProviderRefusals) as refused, sum(AttemptsLost) as lost,"
            " sum(JobsRetried) as retried, sum(CanariesFailed) as canaries_failed,"
            " sum(ColdStarts) as cold_starts by provider",
            width=HALF,
        ),
    ]


def _endpoint(name: str) -> cloudwatch.GraphWidget:
    """SageMaker's own metrics, which cost nothing.

    It tells no number of instances; each reports its GPU once a minute, so the reports of a minute
    are the instances.
    """
    backlog = cloudwatch.Metric(
        namespace="AWS/SageMaker",
        metric_name="ApproximateBacklogSize",
        dimensions_map={"EndpointName": name},
        statistic="Maximum",
        period=_MINUTE,
        label="backlog",
    )
    instances = cloudwatch.Metric(
        namespace="/aws/sagemaker/Endpoints",
        metric_name="GPUUtilization",
        dimensions_map={"EndpointName": name, "VariantName": "AllTraffic"},
        statistic="SampleCount",
        period=_MINUTE,
        label="instances",
    )
    return graph("SageMaker endpoint", [backlog, instances], unit="count", width=WHOLE)

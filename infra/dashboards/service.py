"""The section Service: is the promise kept, and where does the time go."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.dashboards.rows import THIRD, computed, figure, graph, query, title
from infra.dashboards.sources import DAY, HOUR, Sources

_STAGES = {
    "QueueTime": "queue",
    "GenerateTime": "generate",
    "UploadTime": "upload",
    "DeliverTime": "deliver",
}


def service(sources: Sources) -> list[Sequence[cloudwatch.IWidget]]:
    """Return the section's rows."""
    return [
        [title("Service", "Is every request answered, and how soon?")],
        _last_day(sources),
        _answers(sources),
        _time(sources),
        _line(sources),
        _why_not(sources),
    ]


def _last_day(sources: Sources) -> Sequence[cloudwatch.IWidget]:
    return [
        figure("Answered with pictures, last day", [_success(sources, "day")], "-P1D"),
        figure(
            "Answers, last day",
            [sources.metric("AnswersMissed", "SampleCount", "answers", period=DAY)],
            "-P1D",
        ),
        figure(
            "Time to answer, last day",
            [
                sources.metric("TimeToAnswer", "p50", "median", period=DAY),
                sources.metric("TimeToAnswer", "p95", "p95", period=DAY),
            ],
            "-P1D",
            width=THIRD,
        ),
    ]


def _answers(sources: Sources) -> Sequence[cloudwatch.IWidget]:
    return [
        graph(
            "Requests and answers",
            [
                sources.metric("JobsAccepted", "Sum", "accepted"),
                sources.metric("JobsRefused", "Sum", "refused at once"),
                sources.metric("AnswersMissed", "SampleCount", "answered"),
                sources.metric("JobsCancelled", "Sum", "called off"),
                sources.metric("CancelsAsked", "Sum", "asked to call off"),
            ],
            unit="requests",
        ),
        graph(
            "Answered with pictures, against the objective",
            [_success(sources, "hour")],
            unit="%",
            line=(100 * sources.objective, "objective"),
            highest=100,
        ),
    ]


def _time(sources: Sources) -> Sequence[cloudwatch.IWidget]:
    return [
        graph(
            "Where the time goes: median of each stage",
            _stages(sources, "p50"),
            unit="seconds",
            stacked=True,
        ),
        graph("Slow ones: p95 of each stage", _stages(sources, "p95"), unit="seconds"),
    ]


def _line(sources: Sources) -> Sequence[cloudwatch.IWidget]:
    return [
        graph(
            "Waiting",
            [sources.metric("OldestWaiting", "Maximum", "age of the oldest in the line")],
            unit="seconds",
            width=THIRD,
        ),
        graph(
            "Looked after by the watchdog",
            [
                sources.metric("JobsOverdue", "Sum", "overdue"),
                sources.metric("HealingFailed", "Sum", "not mended: jobs"),
                sources.metric("LineHealingFailed", "Sum", "not mended: the line"),
            ],
            unit="jobs",
            width=THIRD,
        ),
        query(
            "What went astray, and was made good",
            sources.rooms_that_answer,
            "filter ispresent(ResultsFound) or ispresent(SlotsMended) or ispresent(DeadLetters)"
            " or ispresent(OpinionsMissed)"
            " | stats sum(ResultsFound) as results_found,"
            " sum(SlotsMended) as slots_mended, sum(DeadLetters) as dead_letters,"
            " sum(OpinionsMissed) as opinions_missed by room",
            width=THIRD,
        ),
    ]


def _why_not(sources: Sources) -> Sequence[cloudwatch.IWidget]:
    return [
        query(
            "Refused at once, by kind",
            sources.rooms_that_accept,
            "filter ispresent(JobsRefused) | stats count(*) as refused by kind | sort refused desc",
            width=THIRD,
        ),
        query(
            "What content rules decided",
            sources.rooms_that_judge,
            "filter ispresent(ContentDecisions) | stats count(*) as decided by action, rule"
            " | sort decided desc",
            width=THIRD,
        ),
        query(
            "Failed, by reason",
            sources.rooms_that_answer,
            "filter ispresent(JobsFailed) | stats count(*) as failed by reason, provider"
            " | sort failed desc",
            width=THIRD,
        ),
    ]


def _success(sources: Sources, each: str) -> cloudwatch.IMetric:
    period = DAY if each == "day" else HOUR
    missed = sources.metric("AnswersMissed", "Average", "missed", period=period)
    return computed("100 * (1 - missed)", {"missed": missed}, period=period, label="success")


def _stages(sources: Sources, statistic: str) -> list[cloudwatch.IMetric]:
    stages = [sources.metric(name, statistic, label) for name, label in _STAGES.items()]
    return [stages[0], *sources.by_provider("StartTime", statistic, "start, {}"), *stages[1:]]

"""Every metric that the code emits: its name, its unit, what it means, and what is told with it.

CloudWatch takes money for each combination of a metric and the values of its dimensions, in every
hour in which it is emitted. So a dimension has few values, and is there only where a graph or an
alarm needs it. What else is worth knowing is a field: it stands in the log line alone, where Logs
Insights finds it at no price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """A unit as CloudWatch names it."""

    COUNT = "Count"
    SECONDS = "Seconds"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the catalogue."""

    name: str
    unit: Unit
    meaning: str
    dimensions: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


class UnknownMetric(ValueError):
    """Something is emitted that is not in the catalogue."""


_PROVIDER = ("provider",)


def _count(name: str, meaning: str, by: tuple[str, ...] = (), fields: str = "") -> Metric:
    return Metric(name, Unit.COUNT, meaning, by, tuple(fields.split()))


def _seconds(name: str, meaning: str, by: tuple[str, ...] = ()) -> Metric:
    return Metric(name, Unit.SECONDS, meaning, by)


_REQUESTS = (
    _count("JobsAccepted", "requests that became a job", fields="workflow"),
    _count("JobsRefused", "requests answered at once with what is wrong", fields="kind"),
    _count("ContentDecisions", "requests that a content rule was about", fields="action rule"),
    _count("OpinionsMissed", "second opinions that were not to be had", fields="about"),
    _count("JobsSucceeded", "members' jobs that ended with pictures", _PROVIDER),
    _count("JobsFailed", "members' jobs that ended with words", _PROVIDER, "reason"),
    _count("JobsCancelled", "jobs called off by their member"),
    _count("AnswersMissed", "for each answer, 1 if it broke the objective, else 0"),
    _count("CancelsAsked", "jobs that a member asked to call off"),
)
_STAGES = (
    _seconds("TimeToAnswer", "from the command to the answer"),
    _seconds("QueueTime", "from the command to the last dispatch"),
    _seconds("StartTime", "at the provider, but neither generating nor uploading", _PROVIDER),
    _seconds("GenerateTime", "the image engine at work"),
    _seconds("UploadTime", "the worker storing what it made"),
    _seconds("DeliverTime", "from the outcome known to the member told"),
)
_LINE = (
    _seconds("OldestWaiting", "the age of the oldest job at the head of the line"),
    _count("NoProvider", "minutes in which jobs waited and every circuit was open"),
    _count("JobsOverdue", "jobs that the watchdog looked after"),
    _count("HealingFailed", "jobs that it could not look after"),
    _count("LineHealingFailed", "runs in which it could not mend the line"),
    _count("SlotsMended", "slots that were held by nobody", fields="provider"),
    _count("ResultsFound", "results whose event was lost"),
    _count("DeadLetters", "messages and events that failed for good", fields="source"),
)
_PROVIDERS = (
    _count("JobsDispatched", "attempts that a provider took", fields="provider"),
    _count("SlotsTaken", "slots in flight, once a minute", _PROVIDER),
    _count("ColdStarts", "jobs that were their worker's first", fields="provider"),
    _seconds("GpuTime", "work that a provider charges for, starts included", _PROVIDER),
    _count("ProviderRefusals", "attempts that a provider did not take", fields="provider"),
    _count("AttemptsLost", "attempts that came to nothing", fields="provider"),
    _count("AttemptsMoved", "attempts that waited and were moved", fields="provider"),
    _count("JobsRetried", "attempts that a machine failed, not the job", fields="provider"),
    _count("CircuitsOpened", "circuits that opened", fields="provider"),
    _count("CircuitsClosed", "circuits that closed", fields="provider"),
    _count("CircuitOpen", "minutes in which a circuit was open", fields="provider"),
    _count("CanariesSucceeded", "canaries that made a picture", fields="provider"),
    _count("CanariesFailed", "canaries that made none", fields="provider reason"),
)
_DISCORD = (
    _seconds("AcknowledgeTime", "from the start of the room to its answer to Discord"),
    _count("InteractionsFailed", "interactions that got an error, or no answer in time"),
    _count("SignaturesRefused", "calls that were not signed by Discord"),
    _count("RateLimitsMet", "calls that Discord answered with 429", fields="scope"),
    _count("DiscordInvalidRequests", "calls that count towards Discord's ban", fields="status"),
    _count("AnswersByBot", "answers posted by the bot, the token being dead"),
    _count("AnswersRefused", "answers that Discord would not take"),
    _count("ProgressDropped", "progress that was not shown"),
)

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for part in (_REQUESTS, _STAGES, _LINE, _PROVIDERS, _DISCORD)
    for metric in part
}


def look_up(name: str, unit: Unit, labels: Mapping[str, str]) -> Metric:
    """Return the metric of that name; raises UnknownMetric unless it is emitted as declared."""
    metric = METRICS.get(name)
    if metric is None:
        raise UnknownMetric(f"{name} is not in distillery/core/metrics.py: {ADD_IT}")
    if unit is not metric.unit or {*labels} != {*metric.dimensions, *metric.fields}:
        declared = ", ".join((*metric.dimensions, *metric.fields)) or "nothing"
        raise UnknownMetric(
            f"{name} is emitted in {unit} with {', '.join(labels) or 'nothing'}, and declared in "
            f"{metric.unit} with {declared}. Make distillery/core/metrics.py and the call agree"
        )
    return metric


ADD_IT = (
    "add a row that says what it means, and show it on the dashboard (infra/dashboards) or alarm "
    "on it (infra/alarms.py)"
)

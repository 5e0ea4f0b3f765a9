"""What the dashboard and the alarms look at: this deployment's metrics, and some of AWS's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

FIVE_MINUTES = Duration.minutes(5)
HOUR = Duration.hours(1)
DAY = Duration.days(1)
WEEK = Duration.days(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """A deployment as CloudWatch sees it."""

    namespace: str
    """Of the metrics that the rooms emit: the stack's name."""
    slots: Mapping[str, int]
    """Jobs at once by provider, in the operator's order."""
    dollars_a_second: Mapping[str, float]
    """What a provider takes for a second of GPU."""
    objective: float
    """The share of requests that should be answered with pictures."""
    budget_dollars: float
    """For GPUs, a month."""
    api: Mapping[str, str]
    """The dimensions of the API's own metrics."""
    api_errors: str
    """Which of them counts its errors."""
    sagemaker_endpoint: str
    """Empty when there is none."""
    dead_letters_queue: str
    """The name of the queue of what came to nothing; empty where nobody counts its messages."""
    rooms_that_accept: Sequence[str]
    """Log groups of the rooms that refuse requests."""
    rooms_that_answer: Sequence[str]
    """Log groups of the rooms that tell members how their jobs ended."""

    @property
    def rooms_that_judge(self) -> Sequence[str]:
        """Log groups of the rooms that decide on content."""
        return (*self.rooms_that_accept, *self.rooms_that_answer)

    @property
    def providers(self) -> Sequence[str]:
        """Who may run jobs."""
        return tuple(self.slots)

    def metric(
        self,
        name: str,
        statistic: str,
        label: str | None = None,
        *,
        provider: str | None = None,
        period: Duration = FIVE_MINUTES,
    ) -> cloudwatch.Metric:
        """Return a metric of `distillery/core/metrics.py`, of one provider where it has that."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=name,
            statistic=statistic,
            label=label,
            period=period,
            dimensions_map={"provider": provider} if provider else None,
        )

    def by_provider(
        self, name: str, statistic: str, label: str, *, period: Duration = FIVE_MINUTES
    ) -> list[cloudwatch.IMetric]:
        """Return a metric of every provider; `{}` in `label` becomes the provider's name."""
        return [
            self.metric(name, statistic, label.format(who), provider=who, period=period)
            for who in self.providers
        ]

    def letters(self) -> cloudwatch.Metric:
        """Return how often a dead letter was handed to the room that reads them.

        SQS counts it, at no price; so it counts a room that is broken too, at every try. What moves
        a letter there does not show: SQS counts no message as sent that it moves itself (AWS,
        "Available CloudWatch metrics for Amazon SQS"). An embedded AWS counts nothing at all, and
        there it is what the room says.
        """
        if not self.dead_letters_queue:
            return self.metric("DeadLetters", "Sum")
        return cloudwatch.Metric(
            namespace="AWS/SQS",
            metric_name="NumberOfMessagesReceived",
            dimensions_map={"QueueName": self.dead_letters_queue},
            statistic="Sum",
            period=FIVE_MINUTES,
        )

    def gpu_dollars(self, *, period: Duration, label: str) -> cloudwatch.MathExpression:
        """Return what all providers took for GPUs in each period."""
        used = {
            f"gpu{number}": self.metric(
                "GpuTime", "Sum", f"GPU seconds, {who}", provider=who, period=period
            )
            for number, who in enumerate(self.providers)
        }
        prices = self.dollars_a_second
        terms = (
            f"FILL({key}, 0) * {prices[who]!r}"
            for key, who in zip(used, self.providers, strict=True)
        )
        return cloudwatch.MathExpression(
            expression=" + ".join(terms), using_metrics=used, period=period, label=label
        )

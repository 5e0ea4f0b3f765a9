"""What wakes the operator, what only tells them, and through which topic.

CloudWatch takes $0.10 a month for each metric of an alarm past an account's first ten, and $0.50
for a composite one. So each alarm looks at as few metrics as will do, and there is one composite:
it rings once however many of its alarms one cause sets off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Aws, CfnCondition, CfnResource, Duration, Fn, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from infra.dashboards.sources import HOUR, WEEK, Sources

_FAST, _SLOW = 14.4, 6.0
"""How many times faster than allowed the month's misses are used up (Google, "The Site Reliability
Workbook", chapter 5): at 14.4 a fiftieth of them goes in an hour, at 6 a twentieth in six."""
_OUTAGE = 0.5
"""When so many requests get no pictures, it is an outage whatever the objective allows: 14.4 times
what 90 % allows would be more than there are."""
_OLDEST_S = 300.0
"""Half of what a member will wait at most."""
_NEAR_BAN = 1000
"""Discord bans an address after 10,000 invalid requests in 10 minutes."""
_DAYS_OF_MONTH, _DAYS_OF_WEEK = 30, 7


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is not as it should be. Its name is the anchor of its entry in the runbook."""

    name: str
    text: str
    metric: cloudwatch.IMetric
    above: float
    """It is wrong above this."""
    times: int = 1
    """So many periods..."""
    of: int = 1
    """...of so many must be wrong. Where nothing was emitted, nothing is wrong."""
    wakes: bool = False
    """Whether a person is to look at once."""
    takes_back: bool = False
    """Whether it tells of our code, so that a deployment that sets it off is taken back."""

    @property
    def is_computed(self) -> bool:
        """Whether CloudWatch computes it of more than one metric, which no embedded AWS does."""
        return isinstance(self.metric, cloudwatch.MathExpression)


def alarms(sources: Sources) -> Sequence[Alarm]:
    """Return every alarm of a deployment."""
    return (*_of_answers(sources), *_of_providers(sources), *_of_discord(sources))


def _of_answers(sources: Sources) -> Sequence[Alarm]:
    missing = 1 - sources.objective
    fast, slow = (min(times * missing, _OUTAGE) for times in (_FAST, _SLOW))
    missed = "Average"
    # One miss among few answers is no burning: it takes misses in two periods, or in three hours.
    return (
        Alarm(
            "many-requests-fail",
            f"More than {fast:.0%} of requests get no pictures.",
            sources.metric("AnswersMissed", missed),
            fast,
            *(2, 12),
            wakes=True,
            takes_back=True,
        ),
        Alarm(
            "more-requests-fail-than-should",
            f"More than {slow:.0%} of requests get no pictures, hour after hour.",
            sources.metric("AnswersMissed", missed, period=HOUR),
            slow,
            *(3, 6),
        ),
        Alarm(
            "requests-wait-too-long",
            f"The oldest request has waited for more than {_OLDEST_S / 60:.0f} minutes.",
            sources.metric("OldestWaiting", "Maximum"),
            _OLDEST_S,
            wakes=True,
        ),
        Alarm(
            "dead-letters",
            "Something failed every time it was tried.",
            sources.letters(),
            0,
            *(1, 3),  # a letter that cannot be read is tried every six minutes: one alarm, not many
            wakes=True,
            takes_back=True,
        ),
    )


def _of_providers(sources: Sources) -> Sequence[Alarm]:
    a_week = sources.budget_dollars * _DAYS_OF_WEEK / _DAYS_OF_MONTH
    return (
        Alarm(
            "no-provider",
            "Requests wait, and no provider is known to work.",
            sources.metric("NoProvider", "Sum"),
            1,
            wakes=True,
        ),
        Alarm(
            "a-circuit-is-open",
            "A provider has been given nothing for most of ten minutes.",
            sources.metric("CircuitOpen", "Sum"),
            2,
            *(2, 2),
        ),
        Alarm(
            "a-canary-failed",
            "A provider could not make the picture that shows that it works.",
            sources.metric("CanariesFailed", "Sum", period=HOUR),
            0,
        ),
        Alarm(
            "the-budget-is-used-up-too-fast",
            f"GPUs took more than ${a_week:,.2f} in a week, a week's share of the budget.",
            # The longest that an alarm may look at (Amazon CloudWatch, "PutMetricAlarm"): a busy
            # day says nothing of a month.
            sources.gpu_dollars(period=WEEK, label="dollars"),
            a_week,
        ),
    )


def _of_discord(sources: Sources) -> Sequence[Alarm]:
    return (
        Alarm(
            "discord-is-answered-late-or-with-errors",
            "Commands fail for members before they begin, or are answered too late.",
            sources.metric("InteractionsFailed", "Sum"),
            0,
            *(2, 3),
            wakes=True,
            takes_back=True,
        ),
        Alarm(
            "discord-may-ban-us",
            "Discord counts many invalid requests, and bans an address that makes 10,000.",
            sources.metric("DiscordInvalidRequests", "Sum", period=Duration.minutes(10)),
            _NEAR_BAN,
            wakes=True,
        ),
    )


class Alarms(Construct):
    """The alarms, the composite one that wakes, and the topic that tells."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        sources: Sources,
        email: str,
        runbook: str,
        is_local: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self._runbook = runbook
        self.topic = self._topic(email, is_local=is_local)
        tell = SnsAction(self.topic)
        wanted = alarms(sources)
        made = {alarm.name: self._alarm(sources.namespace, alarm) for alarm in wanted}
        self.of_our_code = tuple(made[alarm.name] for alarm in wanted if alarm.takes_back)
        for alarm in wanted:
            if is_local or not alarm.wakes:
                made[alarm.name].add_alarm_action(tell)
        wake = self._wake(sources.namespace, [made[alarm.name] for alarm in wanted if alarm.wakes])
        wake.add_alarm_action(tell)
        wake.add_ok_action(tell)
        if is_local:
            self._make_none(wake, *(made[alarm.name] for alarm in wanted if alarm.is_computed))

    def _wake(
        self, namespace: str, waking: Sequence[cloudwatch.IAlarm]
    ) -> cloudwatch.CompositeAlarm:
        return cloudwatch.CompositeAlarm(
            self,
            "Wake",
            composite_alarm_name=f"{namespace}-look-now",
            alarm_description=f"One of the alarms that cannot wait. See {self._runbook}#alarms",
            alarm_rule=cloudwatch.AlarmRule.any_of(*waking),
        )

    def _make_none(self, *alarms: Construct) -> None:
        """Let the template describe these alone: no embedded AWS knows such alarms.

        The local cloud's page reads them there, and judges them as all others.
        """
        never = CfnCondition(self, "Never", expression=Fn.condition_equals(Aws.PARTITION, "none"))
        for alarm in alarms:
            resource = alarm.node.default_child
            assert isinstance(resource, CfnResource)  # noqa: S101 - tells the type checker
            resource.cfn_options.condition = never

    def _alarm(self, namespace: str, alarm: Alarm) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            "".join(word.capitalize() for word in alarm.name.split("-")),
            alarm_name=f"{namespace}-{alarm.name}",
            alarm_description=f"{alarm.text} What to do: {self._runbook}#{alarm.name}",
            metric=alarm.metric,
            threshold=alarm.above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=alarm.of,
            datapoints_to_alarm=alarm.times,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _topic(self, email: str, *, is_local: bool) -> sns.Topic:
        topic = sns.Topic(self, "Topic", enforce_ssl=not is_local)
        # A policy of its own takes the place of the one that lets the account's alarms publish.
        cloudwatch_here = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
        )
        topic.grant_publish(cloudwatch_here)
        if email:
            topic.add_subscription(EmailSubscription(email))
        return topic

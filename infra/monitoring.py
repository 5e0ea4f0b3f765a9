"""How a deployment is watched: its dashboard, its alarms, and the questions to ask its logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarms import Alarms
from infra.api import InteractionsApi
from infra.dashboards.dashboard import Dashboard
from infra.dashboards.sources import Sources
from infra.functions import RoomFunction
from infra.log_queries import LogQueries
from infra.rooms import DEAD_LETTERS, DISPATCHER, FOLLOWUP, INTERACTIONS, WATCHDOG
from infra.settings import Settings

if TYPE_CHECKING:
    from infra.guarded_api import GuardedApi

_SECONDS_AN_HOUR = 3600


class Monitoring(Construct):
    """Looks at the API and at every room, and changes none."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        api: InteractionsApi | GuardedApi,
        rooms: Mapping[str, RoomFunction],
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        groups = {name: room.log_group.log_group_name for name, room in rooms.items()}
        sources = Sources(
            namespace=Stack.of(self).stack_name,
            slots={name: int(slots) for name, slots in _of_each(settings, "slots").items()},
            dollars_a_second={
                name: dollars / _SECONDS_AN_HOUR
                for name, dollars in _of_each(settings, "dollars_per_hour").items()
            },
            objective=settings.success_objective,
            budget_dollars=settings.gpu_budget_dollars,
            api=api.dimensions,
            api_errors=api.errors,
            sagemaker_endpoint=(
                settings.sagemaker_endpoint_name if "sagemaker" in settings.providers else ""
            ),
            dead_letters_queue="" if settings.is_local else dead_letters.queue_name,
            rooms_that_accept=[groups[INTERACTIONS.name]],
            rooms_that_answer=[
                groups[room.name] for room in (FOLLOWUP, DISPATCHER, WATCHDOG, DEAD_LETTERS)
            ],
        )
        if settings.dashboard:
            Dashboard(self, "Dashboard", sources=sources)
        self.alarms = Alarms(
            self,
            "Alarms",
            sources=sources,
            email=settings.alarm_email,
            runbook=settings.runbook,
            is_local=settings.is_local,
        )
        if not settings.is_local:  # an embedded AWS knows neither these nor saved queries
            self._count_failures_of(api, sources.namespace)
            LogQueries(self, "LogQueries", namespace=sources.namespace, log_groups=groups)

    def _count_failures_of(self, api: InteractionsApi | GuardedApi, namespace: str) -> None:
        """Count what the room cannot count itself, as it does: a crash, and an answer too late.

        So one metric, and one alarm, has all that Discord got no answer to.
        """
        logs.MetricFilter(
            self,
            "ApiFailures",
            log_group=api.access_log,
            filter_pattern=logs.FilterPattern.string_value("$.status", "=", "5*"),
            metric_namespace=namespace,
            metric_name="InteractionsFailed",
            metric_value="1",
            # As the room says. Of a metric in two units an alarm makes nobody knows what (Amazon
            # CloudWatch, "PutMetricAlarm", Unit).
            unit=cloudwatch.Unit.COUNT,
        )


def _of_each(settings: Settings, what: str) -> dict[str, float]:
    """Return a setting that each provider has its own of."""
    return {name: getattr(settings, f"{name}_{what}") for name in settings.providers}

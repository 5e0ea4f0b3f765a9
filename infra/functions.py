"""A room as a Lambda function with a role and a log group of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.bundle import room_code
from infra.rooms import Room
from infra.settings import Settings

LOG_RETENTION = logs.RetentionDays.ONE_MONTH
LIVE = "live"
_EVENT_LIFE_S = 3600
"""An older event concerns a job that has long been answered."""

_TRACES_GO_ANYWHERE = Acknowledgment(
    id="AwsSolutions::AwsSolutions-IAM5[Resource::*]",
    reason="X-Ray knows no resource to which a segment of a trace could be put.",
)


def log_group(scope: Construct, name: str) -> logs.LogGroup:
    """Make a log group that keeps its lines for a month and goes with the stack."""
    return logs.LogGroup(scope, name, retention=LOG_RETENTION, removal_policy=RemovalPolicy.DESTROY)


def logging_role(scope: Construct, name: str, lines: logs.LogGroup) -> iam.Role:
    """Make a function's role that may write these log lines and nothing else."""
    role = iam.Role(scope, name, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    lines.grant_write(role)
    return role


class RoomFunction(Construct):
    """One row of the table of rooms, deployed. It may do nothing until `allow` is called."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        room: Room,
        settings: Settings,
        values: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._is_local = settings.is_local
        self.log_group = log_group(self, "Log")
        self.role = logging_role(self, "Role", self.log_group)
        is_traced = settings.tracing and room.is_traced
        if is_traced:
            Validations.of(self.role).acknowledge(_TRACES_GO_ANYWHERE)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"lambdas.{room.name}.main.handler",
            code=room_code(room, settings),
            memory_size=room.memory_mib,
            timeout=Duration.seconds(room.timeout_s),
            role=self.role,
            log_group=self.log_group,
            tracing=(lambda_.Tracing.ACTIVE if settings.tracing and room.is_traced else None),
            reserved_concurrent_executions=(
                room.runs_at_most if settings.reserve_concurrency else None
            ),
            environment={
                "POWERTOOLS_SERVICE_NAME": room.name,
                "POWERTOOLS_METRICS_NAMESPACE": Stack.of(self).stack_name,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                # This share of a room's processes writes debug lines as well.
                "POWERTOOLS_LOGGER_SAMPLE_RATE": "0.01",
                **{name: values[name] for name in room.variables},
            },
            # The version before stays: what it has begun it ends, and it can be made live again.
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
        )

    @cached_property
    def live(self) -> lambda_.Alias:
        """The version that is called. A deployment publishes another, then moves this name to it.

        So nobody meets new code with old settings, or the other way round.
        """
        return lambda_.Alias(self, "Live", alias_name=LIVE, version=self.function.current_version)

    @property
    def for_events(self) -> lambda_.IFunction:
        """What S3 and schedules call: the live version.

        An embedded AWS forgets an event that a version has failed; there it is the newest code.
        """
        return self.function if self._is_local else self.live

    def allow(self, actions: str, *resources: str) -> None:
        """Grant `service:Action,Action` on exactly these ARNs."""
        service, _, names = actions.partition(":")
        self.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[f"{service}:{name}" for name in names.split(",")],
                resources=list(resources),
            )
        )

    def read(self, queue: sqs.Queue, *, at_once: int | None = None) -> None:
        """Let Lambda read a queue for this room, one message at a time: one may take all its time.

        Without `at_once` Lambda asks an idle queue less often, and so for less money. The grants
        are those that it needs (AWSLambdaSQSQueueExecutionRole); the CDK's own would be more.
        """
        self.allow("sqs:ReceiveMessage,DeleteMessage,GetQueueAttributes", queue.queue_arn)
        lambda_.EventSourceMapping(
            self,
            "Queue",
            target=self.live,
            event_source_arn=queue.queue_arn,
            batch_size=1,
            max_concurrency=at_once,
            report_batch_item_failures=True,
        )

    def keep_failures(self, queue: sqs.Queue, *, retries: int) -> None:
        """Let Lambda put an event on which every try failed into a queue."""
        self.allow("sqs:SendMessage", queue.queue_arn)
        config = lambda_.CfnEventInvokeConfig(
            self,
            "Events",
            function_name=self.function.function_name,
            qualifier="$LATEST" if self._is_local else LIVE,
            maximum_event_age_in_seconds=_EVENT_LIFE_S,
            maximum_retry_attempts=retries,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(
                    destination=queue.queue_arn
                )
            ),
        )
        config.node.add_dependency(self.for_events)

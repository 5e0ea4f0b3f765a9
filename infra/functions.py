"""A room as a Lambda function with a role and a log group of its own."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.bundle import room_code
from infra.rooms import Room
from infra.settings import Settings

LOG_RETENTION = logs.RetentionDays.ONE_MONTH


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
        self.log_group = log_group(self, "Log")
        self.role = logging_role(self, "Role", self.log_group)
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
            environment={
                "POWERTOOLS_SERVICE_NAME": room.name,
                "POWERTOOLS_METRICS_NAMESPACE": Stack.of(self).stack_name,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                # This share of a room's processes writes debug lines as well.
                "POWERTOOLS_LOGGER_SAMPLE_RATE": "0.01",
                **{name: values[name] for name in room.variables},
            },
        )

    def allow(self, actions: str, *resources: str) -> None:
        """Grant `service:Action,Action` on exactly these ARNs."""
        service, _, names = actions.partition(":")
        self.role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[f"{service}:{name}" for name in names.split(",")],
                resources=list(resources),
            )
        )

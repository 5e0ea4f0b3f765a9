"""New code gets a tenth of the calls first, and is taken back when it fails.

CodeDeploy moves the name `live` of a room from one version to the next, and back; for Lambda it
costs nothing. Source: AWS, "Deployments on an AWS Lambda compute platform".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Acknowledgment, Validations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from constructs import Construct

from infra.functions import RoomFunction

_PACE = codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_15_MINUTES
"""So long because the alarms look at five minutes, and at one bad span more than once."""


class Rollout(Construct):
    """Moves these rooms, all together, unless one of `alarms` rings meanwhile."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rooms: Mapping[str, RoomFunction],
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, construct_id)
        application = codedeploy.LambdaApplication(self, "Application")
        for name, room in rooms.items():
            group = codedeploy.LambdaDeploymentGroup(
                self,
                name.title().replace("_", ""),
                application=application,
                alias=room.live,
                deployment_config=_PACE,
                alarms=list(alarms),
                auto_rollback=codedeploy.AutoRollbackConfig(
                    failed_deployment=True, deployment_in_alarm=True
                ),
            )
            Validations.of(group).acknowledge(
                Acknowledgment(
                    id="AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:"
                    "policy/service-role/AWSCodeDeployRoleForLambdaLimited]",
                    reason="AWS wrote it for CodeDeploy's moves of aliases, and for nothing else.",
                )
            )

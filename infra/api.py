"""The one address that Discord calls."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.functions import log_group

_PATH = "/interactions"
REQUESTS_PER_SECOND = 200
"""Many times what one bot's members type; it bounds what a stranger can make us pay."""
BURST = 400
PATIENCE = Duration.millis(2900)
"""Discord gives up after 3 seconds: what takes longer is a failure, and is told as a 5xx."""
LOGGED = ("requestId", "requestTime", "routeKey", "status", "responseLatency", "error.message")
DISCORD_SIGNS = Acknowledgment(
    id="AwsSolutions::AwsSolutions-APIG4",
    reason="Discord signs every request; the function checks the signature before all else, and "
    "API Gateway has no authorizer for Ed25519.",
)


class InteractionsApi(Construct):
    """An HTTP API with one route, throttled and logged."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.IFunction,
        is_local: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.http_api = api.HttpApi(self, "HttpApi", create_default_stage=False)
        self.http_api.add_routes(
            path=_PATH,
            methods=[api.HttpMethod.POST],
            integration=HttpLambdaIntegration(
                "Interactions",
                function,
                # Where many Lambdas share a few cores, a first start takes longer than that.
                timeout=None if is_local else PATIENCE,
            ),
        )
        Validations.of(self.http_api).acknowledge(DISCORD_SIGNS)
        self.stage = api.HttpStage(
            self,
            "Stage",
            http_api=self.http_api,
            stage_name="$default",
            auto_deploy=True,
            throttle=api.ThrottleSettings(rate_limit=REQUESTS_PER_SECOND, burst_limit=BURST),
        )
        self.access_log = log_group(self, "AccessLog")
        stage = self.stage.node.default_child
        assert isinstance(stage, api.CfnStage)  # noqa: S101 - tells the type checker
        stage.access_log_settings = api.CfnStage.AccessLogSettingsProperty(
            destination_arn=self.access_log.log_group_arn,
            format=json.dumps({name: f"$context.{name}" for name in LOGGED}),
        )
        self.url = f"{self.http_api.api_endpoint}{_PATH}"
        self.dimensions: Mapping[str, str] = {"ApiId": self.http_api.http_api_id}
        """Of its metrics in CloudWatch..."""
        self.errors = "5xx"
        """...of which this one counts its errors."""

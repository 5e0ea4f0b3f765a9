"""The address that Discord calls, behind AWS WAF: where the setting `waf` says so.

AWS WAF guards no HTTP API (AWS WAF, "Resources that you can protect"), so this one is a REST API.
"""

from __future__ import annotations

import json

from aws_cdk import Acknowledgment, RemovalPolicy, Stack, Validations
from aws_cdk import aws_apigateway as api
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.api import BURST, DISCORD_SIGNS, LOGGED, PATIENCE, REQUESTS_PER_SECOND
from infra.functions import log_group

_FROM_ONE_ADDRESS = 60_000
"""Requests in five minutes, as many as the API takes from all: Discord itself has few addresses."""
_SIGNATURE = "x-signature-ed25519"
_SIGNATURE_FORM = "^[0-9a-f]{128}$"
_KNOWN_FOR_BOTS = "AWSManagedRulesAmazonIpReputationList"
_ACCEPTED = (
    DISCORD_SIGNS,
    Acknowledgment(id="AwsSolutions::AwsSolutions-COG4", reason="As APIG4: Discord signs."),
    Acknowledgment(
        id="AwsSolutions::AwsSolutions-APIG2",
        reason="The function reads nothing before the signature is checked over the raw bytes.",
    ),
    Acknowledgment(
        id="AwsSolutions::AwsSolutions-APIG6",
        reason="The access log has every call; API Gateway's own log would outlive the stack.",
    ),
    Acknowledgment(
        id="Serverless::Serverless-APIGWXrayEnabled",
        reason="The room behind it is not traced, for it must answer within Discord's 3 s.",
    ),
    Acknowledgment(
        id="AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/"
        "service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
        reason="The one policy with which API Gateway writes logs for an account.",
    ),
)


class GuardedApi(Construct):
    """A REST API with one route, throttled and logged, and the rules before it."""

    def __init__(self, scope: Construct, construct_id: str, *, function: lambda_.IFunction) -> None:
        super().__init__(scope, construct_id)
        self.access_log = log_group(self, "AccessLog")
        rest_api = api.RestApi(
            self,
            "RestApi",
            rest_api_name=Stack.of(self).stack_name,  # its metrics are known by it
            endpoint_types=[api.EndpointType.REGIONAL],
            cloud_watch_role=True,  # API Gateway writes no log before an account has one
            cloud_watch_role_removal_policy=RemovalPolicy.DESTROY,
            deploy_options=api.StageOptions(
                stage_name="live",
                throttling_rate_limit=REQUESTS_PER_SECOND,
                throttling_burst_limit=BURST,
                access_log_destination=api.LogGroupLogDestination(self.access_log),
                access_log_format=api.AccessLogFormat.custom(
                    json.dumps({name: f"$context.{name}" for name in LOGGED})
                ),
            ),
        )
        Validations.of(rest_api).acknowledge(*_ACCEPTED)
        route = rest_api.root.add_resource("interactions")
        route.add_method("POST", api.LambdaIntegration(function, timeout=PATIENCE))
        waf.CfnWebACLAssociation(
            self,
            "Guarded",
            resource_arn=rest_api.deployment_stage.stage_arn,
            web_acl_arn=self._web_acl().attr_arn,
        )
        self.url = rest_api.url_for_path(route.path)
        self.dimensions = {"ApiName": rest_api.rest_api_name}
        self.errors = "5XXError"

    def _web_acl(self) -> waf.CfnWebACL:
        unsigned = waf.CfnWebACL.StatementProperty(
            not_statement=waf.CfnWebACL.NotStatementProperty(
                statement=waf.CfnWebACL.StatementProperty(
                    regex_match_statement=waf.CfnWebACL.RegexMatchStatementProperty(
                        field_to_match=waf.CfnWebACL.FieldToMatchProperty(
                            single_header={"Name": _SIGNATURE}
                        ),
                        regex_string=_SIGNATURE_FORM,
                        text_transformations=[
                            waf.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")
                        ],
                    )
                )
            )
        )
        too_many = waf.CfnWebACL.StatementProperty(
            rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=_FROM_ONE_ADDRESS
            )
        )
        known = waf.CfnWebACL.StatementProperty(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                name=_KNOWN_FOR_BOTS, vendor_name="AWS"
            )
        )
        block = waf.CfnWebACL.RuleActionProperty(block={})
        return waf.CfnWebACL(
            self,
            "WebAcl",
            scope="REGIONAL",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_seen_as("all"),
            rules=[
                _rule("unsigned", 0, unsigned, action=block),
                _rule("too-many", 1, too_many, action=block),
                _rule(
                    "known-for-bots",
                    2,
                    known,
                    override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
                ),
            ],
        )


def _rule(
    name: str,
    priority: int,
    statement: waf.CfnWebACL.StatementProperty,
    *,
    action: waf.CfnWebACL.RuleActionProperty | None = None,
    override_action: waf.CfnWebACL.OverrideActionProperty | None = None,
) -> waf.CfnWebACL.RuleProperty:
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        statement=statement,
        action=action,
        override_action=override_action,
        visibility_config=_seen_as(name),
    )


def _seen_as(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    """Show samples in the console; a metric for each rule would cost."""
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=False, metric_name=name, sampled_requests_enabled=True
    )

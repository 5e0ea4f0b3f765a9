"""What the template must say: what hurts when it is wrong and nobody sees until it is deployed."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
from typing import Any

import pytest

from infra.rooms import CANARY, ROOMS, WATCHDOG, Room
from tests.infra.conftest import Assemble
from tests.infra.templates import called, function_of, of_type


def test_the_watchdog_looks_every_minute_and_the_canary_flies_every_third_day(
    template: dict[str, Any],
) -> None:
    schedules = {
        called(template, target["Arn"]): rule["Properties"]["ScheduleExpression"]
        for rule in of_type(template, "AWS::Events::Rule").values()
        for target in rule["Properties"]["Targets"]
    }

    assert schedules == {
        function_of(template, WATCHDOG)[0]: "rate(1 minute)",
        function_of(template, CANARY)[0]: "rate(3 days)",
    }


def test_a_canary_is_only_for_who_puts_idle_endpoints_to_sleep(
    template: dict[str, Any], assemble: Assemble
) -> None:
    """An instance of SageMaker's that starts for one costs more than all else that is idle."""
    _, canary = function_of(template, CANARY)
    assert canary["Environment"]["Variables"]["CANARY_PROVIDERS"] == "runpod"

    alone = assemble(providers="sagemaker").templates["Distillery"]
    schedules = of_type(alone, "AWS::Events::Rule").values()
    assert [rule["Properties"]["ScheduleExpression"] for rule in schedules] == ["rate(1 minute)"]


def test_who_answers_discord_too_late_is_counted_as_failed(
    template: dict[str, Any], local_template: dict[str, Any]
) -> None:
    (integration,) = of_type(template, "AWS::ApiGatewayV2::Integration").values()
    assert integration["Properties"]["TimeoutInMillis"] < 3000
    (here,) = of_type(local_template, "AWS::ApiGatewayV2::Integration").values()
    assert "TimeoutInMillis" not in here["Properties"]


def test_the_watchdog_has_time_to_finish_its_last_look(template: dict[str, Any]) -> None:
    _, function = function_of(template, WATCHDOG)

    assert function["Timeout"] == 120


def test_every_log_is_kept_for_a_month(template: dict[str, Any]) -> None:
    for group in of_type(template, "AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == 30
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        assert "LoggingConfig" in function["Properties"], f"{name} makes a log group of its own"


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_runs_on_arm_with_python_3_13(room: Room, template: dict[str, Any]) -> None:
    _, function = function_of(template, room)

    assert function["Architectures"] == ["arm64"]
    assert function["Runtime"] == "python3.13"


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_is_given_exactly_the_variables_that_it_reads(
    room: Room, template: dict[str, Any]
) -> None:
    settings = importlib.import_module(f"lambdas.{room.name}.settings").Settings
    read = {field.name.upper() for field in dataclasses.fields(settings)}
    _, function = function_of(template, room)
    given = function["Environment"]["Variables"]

    assert {name for name in given if not name.startswith("POWERTOOLS_")} == read
    assert given["POWERTOOLS_SERVICE_NAME"] == room.name
    assert all(given.values()), "an empty value"


def test_the_api_is_one_route_throttled_and_logged(template: dict[str, Any]) -> None:
    (route,) = of_type(template, "AWS::ApiGatewayV2::Route").values()
    (stage,) = of_type(template, "AWS::ApiGatewayV2::Stage").values()

    assert route["Properties"]["RouteKey"] == "POST /interactions"
    assert stage["Properties"]["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert "requestId" in stage["Properties"]["AccessLogSettings"]["Format"]


def test_the_commands_are_registered_anew_when_the_room_changes(template: dict[str, Any]) -> None:
    (registration,) = of_type(template, "Custom::DiscordCommands").values()

    assert re.fullmatch("[0-9a-f]{64}", registration["Properties"]["Bundle"])
    assert any("RegisterCommandsRole" in name for name in registration["DependsOn"])


def test_the_outputs_say_where_everything_is(template: dict[str, Any]) -> None:
    assert set(template["Outputs"]) == {
        *("InteractionsUrl", "TableName", "BucketName", "QueueUrl", "AlarmTopic"),
    }


def test_the_local_template_differs_only_where_plain_http_and_one_machine_demand_it(
    template: dict[str, Any], local_template: dict[str, Any]
) -> None:
    urls = {"AWS_ENDPOINT_URL_SAGEMAKER", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"}
    for room in ROOMS:
        here, there = (
            set(function_of(t, room)[1]["Environment"]["Variables"])
            for t in (local_template, template)
        )
        assert here - there == (urls if "SAGEMAKER_ENDPOINT_NAME" in room.variables else set())

    missing = set(template["Resources"]) - set(local_template["Resources"])
    kinds = {name: template["Resources"][name]["Type"] for name in missing}
    calls = ("Lambda::Version", "Lambda::Alias", "Lambda::Permission")  # of the newest code there
    left_out = ("Policy", "CloudWatch", "QueryDefinition", "MetricFilter", *calls)
    for name, kind in kinds.items():
        assert any(part in kind for part in left_out) or name.startswith("Rollout"), name
    assert "SecureTransport" not in json.dumps(local_template)


def test_nothing_is_paid_for_by_the_hour(template: dict[str, Any]) -> None:
    """What is here is paid for by use, storage, or not at all; CloudWatch: docs/operations.md."""
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    services = {kind.split("::")[1] for kind in kinds if kind.startswith("AWS::")}
    assert services <= {
        *("ApiGatewayV2", "CloudFormation", "DynamoDB", "Events", "IAM", "Lambda", "Logs"),
        *("S3", "SQS", "CDK", "CloudWatch", "SNS", "CodeDeploy"),
    }, services
    for function in of_type(template, "AWS::Lambda::Function").values():
        assert "VpcConfig" not in function["Properties"]
    assert "ProvisionedConcurrency" not in json.dumps(template)

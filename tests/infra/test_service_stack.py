"""What the template must say: what hurts when it is wrong and nobody sees until it is deployed."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.rooms import DEAD_LETTERS, DISPATCHER, ROOMS, WATCHDOG, Room

Resource = Mapping[str, Any]


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, Resource]:
    found = {n: r for n, r in template["Resources"].items() if r["Type"] == kind}
    assert found, f"no {kind} in the template"
    return found


def function_of(template: Mapping[str, Any], room: Room) -> tuple[str, Resource]:
    handler = f"lambdas.{room.name}.main.handler"
    functions = of_type(template, "AWS::Lambda::Function").items()
    return next((n, f["Properties"]) for n, f in functions if f["Properties"]["Handler"] == handler)


def statements(template: Mapping[str, Any]) -> Iterator[tuple[str, Resource]]:
    for name, policy in of_type(template, "AWS::IAM::Policy").items():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            yield name, statement


def granted(template: Mapping[str, Any], role_prefix: str) -> set[str]:
    actions: set[str] = set()
    for name, statement in statements(template):
        if name.startswith(role_prefix):
            action = statement["Action"]
            actions |= {action} if isinstance(action, str) else set(action)
    return {a for a in actions if not a.startswith("logs:")}


def test_every_queue_has_dead_letters_or_holds_them(template: dict[str, Any]) -> None:
    queues = of_type(template, "AWS::SQS::Queue")
    with_letters = {n for n, q in queues.items() if "RedrivePolicy" in q["Properties"]}
    targets = json.dumps([q["Properties"].get("RedrivePolicy") for q in queues.values()])
    config = of_type(template, "AWS::Lambda::EventInvokeConfig")
    targets += json.dumps(
        [c["Properties"]["DestinationConfig"]["OnFailure"] for c in config.values()]
    )

    assert len(with_letters) == 1
    for name in queues.keys() - with_letters:
        assert name in targets
        assert queues[name]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_lost_dispatch_is_seen_again_after_six_timeouts(template: dict[str, Any]) -> None:
    _, function = function_of(template, DISPATCHER)
    queues = of_type(template, "AWS::SQS::Queue").values()
    visibility = [
        q["Properties"]["VisibilityTimeout"] for q in queues if "RedrivePolicy" in q["Properties"]
    ]

    assert visibility == [6 * function["Timeout"]]
    assert visibility[0] < 15 * 60


def test_every_queue_is_read_and_reports_each_failed_message(template: dict[str, Any]) -> None:
    mappings = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    read = {mapping["Properties"]["EventSourceArn"]["Fn::GetAtt"][0] for mapping in mappings}

    assert read == of_type(template, "AWS::SQS::Queue").keys()
    for mapping in mappings:
        assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["Properties"]["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_both_queues_of_dead_letters_are_read_by_their_room(template: dict[str, Any]) -> None:
    name, function = function_of(template, DEAD_LETTERS)
    mappings = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    queues = [
        of_type(template, "AWS::SQS::Queue")[m["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]]
        for m in mappings
        if m["Properties"]["FunctionName"]["Ref"] == name
    ]

    assert len(queues) == 2
    for queue in queues:
        assert "RedrivePolicy" not in queue["Properties"]
        assert queue["Properties"]["VisibilityTimeout"] == 6 * function["Timeout"]


def test_every_asynchronous_invocation_has_dead_letters(template: dict[str, Any]) -> None:
    (notifications,) = of_type(template, "Custom::S3BucketNotifications").values()
    (rule,) = of_type(template, "AWS::Events::Rule").values()
    configuration = notifications["Properties"]["NotificationConfiguration"]
    called = {
        *(
            c["LambdaFunctionArn"]["Fn::GetAtt"][0]
            for c in configuration["LambdaFunctionConfigurations"]
        ),
        *(target["Arn"]["Fn::GetAtt"][0] for target in rule["Properties"]["Targets"]),
    }
    configured = {
        c["Properties"]["FunctionName"]["Ref"]
        for c in of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    }

    assert called == configured


def test_everything_at_rest_is_encrypted(template: dict[str, Any]) -> None:
    for queue in of_type(template, "AWS::SQS::Queue").values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True
    for bucket in of_type(template, "AWS::S3::Bucket").values():
        assert bucket["Properties"]["BucketEncryption"]


def test_plain_http_is_refused_by_bucket_and_queues(template: dict[str, Any]) -> None:
    policies = [
        *of_type(template, "AWS::S3::BucketPolicy").values(),
        *of_type(template, "AWS::SQS::QueuePolicy").values(),
    ]

    assert len(policies) == 4
    for policy in policies:
        assert '{"Bool": {"aws:SecureTransport": "false"}}' in json.dumps(policy)


def test_no_bucket_is_public_and_files_go_after_thirty_days(template: dict[str, Any]) -> None:
    for bucket in of_type(template, "AWS::S3::Bucket").values():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
        assert {r["Prefix"]: r["ExpirationInDays"] for r in rules} == {
            "jobs/": 30,
            "sagemaker/": 30,
        }


def test_the_table_has_what_the_job_store_reads(template: dict[str, Any]) -> None:
    (table,) = of_type(template, "AWS::DynamoDB::GlobalTable").values()
    properties = table["Properties"]
    indexes = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in properties["GlobalSecondaryIndexes"]
        if index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    }

    assert [k["AttributeName"] for k in properties["KeySchema"]] == ["pk", "sk"]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert indexes == {"waiting": ["waiting", "waiting_order"], "due": ["due", "due_at"]}
    (replica,) = properties["Replicas"]
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionPolicy"] == "Retain"


def test_the_watchdog_looks_every_minute(template: dict[str, Any]) -> None:
    name, _ = function_of(template, WATCHDOG)
    (rule,) = of_type(template, "AWS::Events::Rule").values()

    assert rule["Properties"]["ScheduleExpression"] == "rate(1 minute)"
    (target,) = rule["Properties"]["Targets"]
    assert target["Arn"]["Fn::GetAtt"][0] == name


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


def test_no_statement_allows_every_action(template: dict[str, Any]) -> None:
    for name, statement in statements(template):
        assert "*" not in json.dumps(statement["Action"]), name


def test_a_star_in_a_resource_is_one_of_those_with_a_reason(template: dict[str, Any]) -> None:
    starred = {
        (name, text)
        for name, statement in statements(template)
        for text in re.findall(r'"([^"]*\*[^"]*)"', json.dumps(statement["Resource"]))
    }

    assert {(re.sub(r"[0-9A-F]{8}$", "", name), text) for name, text in starred} == {
        ("DispatcherRoleDefaultPolicy", "/jobs/*"),
        ("FollowupRoleDefaultPolicy", "/jobs/*"),
        ("WatchdogRoleDefaultPolicy", "/jobs/*"),
        ("DeadLettersRoleDefaultPolicy", "/jobs/*"),
        ("WatchdogRoleDefaultPolicy", "/sagemaker/failures/*"),
        ("CommandsProviderRoleDefaultPolicy", ":*"),
    }


def test_a_room_may_do_what_it_does_and_nothing_else(template: dict[str, Any]) -> None:
    jobs = {"dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:Query", "sqs:SendMessage"}
    files = {"s3:GetObject", "s3:ListBucket"}
    secret = {"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}

    assert granted(template, "InteractionsRole") == {
        *("dynamodb:PutItem", "dynamodb:UpdateItem", "sqs:SendMessage")
    }
    assert granted(template, "RegisterCommandsRole") == secret
    queue = {"sqs:GetQueueAttributes", "sqs:GetQueueUrl"}
    assert granted(template, "FollowupRole") == jobs | files | queue | secret
    read = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}
    assert granted(template, "DeadLettersRole") == (
        jobs | files | queue | read | secret | {"dynamodb:PutItem"}
    )
    assert granted(template, "WatchdogRole") == jobs | files | queue | secret
    assert granted(template, "DispatcherRole") == (
        jobs | files | secret | queue
        | read | {"s3:PutObject"}
        | {"sagemaker:InvokeEndpointAsync", "sagemaker:DescribeEndpoint"}
    )  # fmt: skip


def test_whoever_answers_members_may_read_the_bot_s_token(template: dict[str, Any]) -> None:
    readers = {
        re.sub(r"RoleDefaultPolicy\w{8}$", "", name)
        for name, statement in statements(template)
        if "distillery/discord-bot-token" in json.dumps(statement["Resource"])
    }
    variable = "BOT_TOKEN_SECRET_NAME"

    assert {"Dispatcher", "Followup", "Watchdog"} <= readers
    for room in ROOMS:
        name = room.name.title().replace("_", "")
        assert (name in readers) == (variable in room.variables), name


def test_the_sagemaker_grant_names_the_endpoint_in_lower_case(template: dict[str, Any]) -> None:
    resources = [
        json.dumps(s["Resource"])
        for _, s in statements(template)
        if "sagemaker:" in json.dumps(s["Action"])
    ]

    assert len(resources) == 1
    assert ":endpoint/distillery-gpu" in resources[0]


def test_the_api_is_one_route_throttled_and_logged(template: dict[str, Any]) -> None:
    (route,) = of_type(template, "AWS::ApiGatewayV2::Route").values()
    (stage,) = of_type(template, "AWS::ApiGatewayV2::Stage").values()

    assert route["Properties"]["RouteKey"] == "POST /interactions"
    assert stage["Properties"]["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert "requestId" in stage["Properties"]["AccessLogSettings"]["Format"]


def test_followup_hears_of_progress_and_results_only(template: dict[str, Any]) -> None:
    (notifications,) = of_type(template, "Custom::S3BucketNotifications").values()
    configuration = notifications["Properties"]["NotificationConfiguration"]
    filters = [
        {rule["Name"]: rule["Value"] for rule in entry["Filter"]["Key"]["FilterRules"]}
        for entry in configuration["LambdaFunctionConfigurations"]
    ]

    assert filters == [
        {"prefix": "jobs/", "suffix": "/progress.json"},
        {"prefix": "jobs/", "suffix": "/result.json"},
    ]


def test_the_commands_are_registered_anew_when_the_room_changes(template: dict[str, Any]) -> None:
    (registration,) = of_type(template, "Custom::DiscordCommands").values()

    assert re.fullmatch("[0-9a-f]{64}", registration["Properties"]["Bundle"])
    assert any("RegisterCommandsRole" in name for name in registration["DependsOn"])


def test_the_outputs_say_where_everything_is(template: dict[str, Any]) -> None:
    assert set(template["Outputs"]) == {"InteractionsUrl", "TableName", "BucketName", "QueueUrl"}


def test_the_local_template_differs_only_where_plain_http_and_one_machine_demand_it(
    template: dict[str, Any], local_template: dict[str, Any]
) -> None:
    _, here = function_of(local_template, DISPATCHER)
    _, there = function_of(template, DISPATCHER)
    urls = {"AWS_ENDPOINT_URL_SAGEMAKER", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"}

    assert set(here["Environment"]["Variables"]) - set(there["Environment"]["Variables"]) == urls
    missing = set(template["Resources"]) - set(local_template["Resources"])
    assert all("Policy" in template["Resources"][name]["Type"] for name in missing), missing
    assert "SecureTransport" not in json.dumps(local_template)

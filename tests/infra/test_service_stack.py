"""What the template must say: what hurts when it is wrong and nobody sees until it is deployed."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.rooms import CANARY, DEAD_LETTERS, DISPATCHER, ROOMS, WATCHDOG, Room
from tests.infra.conftest import Assemble

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


def named(resource: Any) -> str:
    """Write a resource's ARN short: `Table/index/due`, `Bucket/jobs/*`, `secret:a/name`."""
    match resource:
        case str():
            return resource
        case {"Fn::GetAtt": [name, "Arn"]}:
            return re.sub(r"^(Storage|Queues)(\w+?)[0-9A-F]{8}$", r"\2", str(name))
        case {"Fn::Join": ["", parts]}:
            return re.sub(r"^arn:.*?:(parameter/|endpoint/)", r"\1", "".join(map(named, parts)))
        case {"Ref": name}:
            return str(name)
    raise AssertionError(f"an unknown kind of resource: {resource}")


def called(template: Mapping[str, Any], reference: Any) -> str:
    """The logical id of the function whose live version a reference names."""
    aliases = of_type(template, "AWS::Lambda::Alias")
    (alias,) = {name for name in aliases if f'"{name}"' in json.dumps(reference)}
    return str(aliases[alias]["Properties"]["FunctionName"]["Ref"])


def granted(template: Mapping[str, Any], role_prefix: str) -> set[str]:
    """What a role may do, as `service:Action on resource`; writing its own log is left out."""
    grants: set[str] = set()
    for name, statement in statements(template):
        if name.startswith(role_prefix):
            actions, resources = statement["Action"], statement["Resource"]
            actions = [actions] if isinstance(actions, str) else actions
            resources = resources if isinstance(resources, list) else [resources]
            grants |= {f"{a} on {named(r)}" for a in actions for r in resources}
    return {grant for grant in grants if not grant.startswith("logs:")}


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
    bounded = [m for m in mappings if "ScalingConfig" in m["Properties"]]
    assert [m["Properties"]["ScalingConfig"]["MaximumConcurrency"] for m in bounded] == [10]


def test_the_dead_letters_are_read_by_their_room(template: dict[str, Any]) -> None:
    name, function = function_of(template, DEAD_LETTERS)
    mappings = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    (queue,) = [
        of_type(template, "AWS::SQS::Queue")[m["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]]
        for m in mappings
        if called(template, m["Properties"]["FunctionName"]) == name
    ]

    assert "RedrivePolicy" not in queue["Properties"]
    assert queue["Properties"]["VisibilityTimeout"] == 6 * function["Timeout"]


def test_every_asynchronous_invocation_has_dead_letters(template: dict[str, Any]) -> None:
    (notifications,) = of_type(template, "Custom::S3BucketNotifications").values()
    rules = of_type(template, "AWS::Events::Rule").values()
    configuration = notifications["Properties"]["NotificationConfiguration"]
    invoked = {
        *(
            called(template, c["LambdaFunctionArn"])
            for c in configuration["LambdaFunctionConfigurations"]
        ),
        *(called(template, t["Arn"]) for rule in rules for t in rule["Properties"]["Targets"]),
    }
    configured = {
        c["Properties"]["FunctionName"]["Ref"]
        for c in of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    }

    assert invoked == configured


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

    assert len(policies) == 3
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
    assert indexes == {
        "waiting": ["waiting", "waiting_order"],
        "due": ["due", "due_at"],
        "member": ["user_id", "created_at"],
    }
    types = {a["AttributeName"]: a["AttributeType"] for a in properties["AttributeDefinitions"]}
    assert {name for name, kind in types.items() if kind == "N"} == {"due_at", "created_at"}
    (replica,) = properties["Replicas"]
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionPolicy"] == "Retain"


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
        ("InteractionsRoleDefaultPolicy", "/jobs/*/*/outputs/*"),
        ("DispatcherRoleDefaultPolicy", "/jobs/*"),
        ("FollowupRoleDefaultPolicy", "/jobs/*"),
        ("WatchdogRoleDefaultPolicy", "/jobs/*"),
        ("DeadLettersRoleDefaultPolicy", "/jobs/*"),
        ("WatchdogRoleDefaultPolicy", "/jobs/*/*/cancel"),
        ("WatchdogRoleDefaultPolicy", "/sagemaker/failures/*"),
        ("CommandsProviderRoleDefaultPolicy", ":*"),
    }


def secret(name: str) -> set[str]:
    return {f"ssm:GetParameter on parameter/{name}"}


def reading(queue: str) -> set[str]:
    reads = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    return {f"sqs:{action} on {queue}" for action in reads}


DEAD_LETTERS_OF_EVENTS = {"sqs:SendMessage on DeadLetters"}
WAKING = {"sqs:SendMessage on Jobs"}
ENDPOINT = "endpoint/distillery-gpu"
WORKING_ON_JOBS = {
    *(f"dynamodb:{action} on Table" for action in ("GetItem", "PutItem", "UpdateItem", "Query")),
    *("dynamodb:Query on Table/index/waiting", "s3:GetObject on Bucket/jobs/*"),
    "s3:ListBucket on Bucket",
    *(WAKING | secret("distillery/discord-bot-token")),
}
GRANTS: dict[str, set[str]] = {
    "Interactions": {
        *(f"dynamodb:{action} on Table" for action in ("GetItem", "PutItem", "UpdateItem")),
        *("dynamodb:BatchGetItem on Table", "dynamodb:Query on Table"),
        *("dynamodb:Query on Table/index/waiting", "dynamodb:Query on Table/index/member"),
        "s3:GetObject on Bucket/jobs/*/*/outputs/*",
        "s3:ListBucket on Bucket",
        *WAKING,
    },
    "Dispatcher": {
        *(WORKING_ON_JOBS | reading("Jobs") | secret("distillery/runpod-api-key")),
        "s3:PutObject on Bucket/jobs/*",
        *(
            f"sagemaker:{call} on {ENDPOINT}"
            for call in ("InvokeEndpointAsync", "DescribeEndpoint")
        ),
    },
    "Followup": WORKING_ON_JOBS | DEAD_LETTERS_OF_EVENTS,
    "Watchdog": {
        *(WORKING_ON_JOBS | DEAD_LETTERS_OF_EVENTS | secret("distillery/runpod-api-key")),
        "dynamodb:Query on Table/index/due",
        *("s3:PutObject on Bucket/jobs/*/*/cancel", "s3:GetObject on Bucket/sagemaker/failures/*"),
        f"sagemaker:DescribeEndpoint on {ENDPOINT}",
    },
    "DeadLetters": WORKING_ON_JOBS | reading("DeadLetters"),
    "Canary": {"dynamodb:PutItem on Table"} | WAKING | DEAD_LETTERS_OF_EVENTS,
    "RegisterCommands": secret("distillery/discord-bot-token"),
    "TellAlarms": secret("distillery/discord-bot-token"),
}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_may_do_what_it_does_and_nothing_else(room: Room, template: dict[str, Any]) -> None:
    name = room.name.title().replace("_", "")
    assert granted(template, f"{name}Role") == GRANTS[name]


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

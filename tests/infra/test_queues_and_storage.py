"""The queues, the bucket and the table, and what is told of them to whom."""

from __future__ import annotations

import json
from typing import Any

from infra.rooms import DEAD_LETTERS, DISPATCHER
from tests.infra.templates import called, function_of, of_type


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

"""`cdk destroy` leaves what the operator chose to keep, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.conftest import DEV, EVERY_STACK, Assemble


def left_behind(templates: dict[str, dict[str, Any]]) -> set[str]:
    """The types of what is there after its stack has gone; versions go with their function."""
    return {
        resource["Type"]
        for template in templates.values()
        for resource in template["Resources"].values()
        if resource.get("DeletionPolicy", "Delete") != "Delete"
        and resource["Type"] != "AWS::Lambda::Version"
    }


@pytest.fixture(scope="module")
def prod(assemble: Assemble) -> dict[str, dict[str, Any]]:
    return assemble(**EVERY_STACK).templates


@pytest.fixture(scope="module")
def dev(assemble: Assemble) -> dict[str, dict[str, Any]]:
    return assemble(**DEV).templates


def of_type(templates: dict[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    found = [r for t in templates.values() for r in t["Resources"].values() if r["Type"] == kind]
    assert found, kind
    return found


def test_table_and_bucket_outlive_prod_with_back_ups(prod: dict[str, dict[str, Any]]) -> None:
    (table,) = of_type(prod, "AWS::DynamoDB::GlobalTable")
    (bucket,) = of_type(prod, "AWS::S3::Bucket")
    (replica,) = table["Properties"]["Replicas"]

    assert left_behind(prod) == {"AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket"}
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert replica["DeletionProtectionEnabled"] is True
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]:
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}


def test_nothing_outlives_what_keeps_no_data(dev: dict[str, dict[str, Any]]) -> None:
    (table,) = of_type(dev, "AWS::DynamoDB::GlobalTable")
    (bucket,) = of_type(dev, "AWS::S3::Bucket")
    (repository,) = of_type(dev, "AWS::ECR::Repository")

    assert left_behind(dev) == set()
    assert table["Properties"]["Replicas"][0]["DeletionProtectionEnabled"] is False
    assert "VersioningConfiguration" not in bucket["Properties"]
    assert of_type(dev, "Custom::S3AutoDeleteObjects")  # a full bucket cannot be deleted
    assert repository["Properties"]["EmptyOnDelete"] is True


@pytest.mark.parametrize("stage", ["prod", "dev"])
def test_every_log_belongs_to_its_stack(stage: str, request: pytest.FixtureRequest) -> None:
    """Whatever Lambda or CodeBuild has no group for, they make themselves, and it stays."""
    templates = request.getfixturevalue(stage)
    for function in of_type(templates, "AWS::Lambda::Function"):
        assert "LoggingConfig" in function["Properties"], function["Properties"]
    for group in of_type(templates, "AWS::Logs::LogGroup"):
        assert group["DeletionPolicy"] == "Delete"
    (project,) = of_type(templates, "AWS::CodeBuild::Project")
    assert "GroupName" in project["Properties"]["LogsConfig"]["CloudWatchLogs"]


def test_two_stages_share_no_name(
    prod: dict[str, dict[str, Any]], dev: dict[str, dict[str, Any]]
) -> None:
    """CloudFormation names everything but the endpoint, which the settings name."""
    assert not prod.keys() & dev.keys()
    for template in (prod["Distillery"], dev["DistilleryDev"]):
        named = [
            kind
            for kind, resource in template["Resources"].items()
            if {"FunctionName", "TableName", "BucketName", "QueueName", "RoleName"}
            & resource.get("Properties", {}).keys()
            and resource["Type"]
            in {
                *("AWS::Lambda::Function", "AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket"),
                *("AWS::SQS::Queue", "AWS::IAM::Role"),
            }
        ]
        assert not named

"""`cdk destroy` leaves what the operator chose to keep, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import jmespath
import pytest
from aws_cdk import DefaultStackSynthesizer

from infra.settings import FIELDS
from tests.infra.conftest import DEV, EVERY_STACK, ROOT, Assemble

DOCUMENT = (ROOT / "docs" / "deploy.md").read_text().partition("## Removing it")[2]


def test_the_document_names_what_no_stack_holds_as_it_is_called() -> None:
    token, key = (FIELDS[name].default for name in ("bot_token_secret", "runpod_key_secret"))
    assert f"get-parameter --with-decryption --name {token} " in DOCUMENT
    assert f"delete-parameters --names {token} {key}\n" in DOCUMENT
    assert f"{FIELDS['discord_api_url'].default}/applications/APPLICATION_ID/commands" in DOCUMENT
    qualifier = DefaultStackSynthesizer.DEFAULT_QUALIFIER
    named = set(re.findall(r"\bcdk-[\w-]+", DOCUMENT))
    assert named == {f"cdk-{qualifier}-assets-ACCOUNT-REGION"}


@pytest.mark.parametrize("markers", [None, [{"Key": "b", "VersionId": "2", "IsLatest": True}]])
def test_the_document_s_query_names_every_version_of_every_file(
    markers: list[dict[str, Any]] | None,
) -> None:
    query = re.findall(r'--query "(\{.*\})"', DOCUMENT)[0]
    versions = [{"Key": "a", "VersionId": "1", "Size": 3}]
    found = jmespath.search(query, {"Versions": versions, "DeleteMarkers": markers})
    there = [("a", "1"), *(("b", "2") for _ in markers or ())]
    assert [(one["Key"], one["VersionId"]) for one in found["Objects"]] == there
    assert all(one.keys() == {"Key", "VersionId"} for one in found["Objects"])


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

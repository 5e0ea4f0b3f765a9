from __future__ import annotations

import base64
import json
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from distillery.aws.job_queue import SqsJobQueue
from distillery.aws.object_store import S3ObjectStore
from distillery.aws.secrets import secret_reader
from distillery.core.errors import QueueUnavailable
from distillery.core.ports import ObjectStore
from local.memory import MemoryObjectStore
from tests.adapters.conftest import BUCKET, REGION


@pytest.fixture
def s3(aws: botocore.session.Session) -> Any:
    client = aws.create_client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


@pytest.fixture(params=["memory", "s3"])
def objects(request: pytest.FixtureRequest) -> ObjectStore:
    if request.param == "memory":
        return MemoryObjectStore()
    return S3ObjectStore(request.getfixturevalue("s3"), BUCKET)


def test_an_object_is_read_as_it_was_put(objects: ObjectStore) -> None:
    objects.put("jobs/1/1/result.json", b"{}", "application/json")
    assert objects.read("jobs/1/1/result.json") == b"{}"


def test_an_object_that_is_not_there_is_a_missing_file(objects: ObjectStore) -> None:
    with pytest.raises(FileNotFoundError):
        objects.read("jobs/1/1/result.json")


def test_signed_addresses_name_the_object(objects: ObjectStore) -> None:
    assert "jobs/1/inputs/image" in objects.sign_get("jobs/1/inputs/image", 60)
    upload = objects.sign_upload("jobs/1/1/outputs/${filename}", 10, 60)
    assert upload.fields["key"] == "jobs/1/1/outputs/${filename}"


def test_an_upload_is_signed_for_one_folder_and_one_size(s3: Any) -> None:
    upload = S3ObjectStore(s3, BUCKET).sign_upload("jobs/1/1/outputs/${filename}", 10, 60)

    policy = json.loads(base64.b64decode(upload.fields["policy"]))
    assert ["content-length-range", 0, 10] in policy["conditions"]
    assert ["starts-with", "$key", "jobs/1/1/outputs/"] in policy["conditions"]
    assert {"bucket": BUCKET} in policy["conditions"]


def test_a_message_names_the_job_and_carries_the_members_group(
    aws: botocore.session.Session,
) -> None:
    sqs = aws.create_client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    SqsJobQueue(sqs, url).send("1001", group="42")

    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"]) == {"job_id": "1001"}
    assert message["Attributes"]["MessageGroupId"] == "42"


def test_a_queue_that_does_not_answer_is_unavailable(aws: botocore.session.Session) -> None:
    sqs = aws.create_client("sqs")
    with Stubber(sqs) as stub, pytest.raises(QueueUnavailable):
        stub.add_client_error("send_message", "ServiceUnavailable")
        SqsJobQueue(sqs, "https://sqs/queue").send("1001", group="42")


def test_a_secret_is_asked_for_once_and_only_when_needed(aws: botocore.session.Session) -> None:
    client = aws.create_client("secretsmanager")
    read = secret_reader(client, "distillery/key")
    client.create_secret(Name="distillery/key", SecretString="s3cret\n")

    assert read() == "s3cret"
    client.put_secret_value(SecretId="distillery/key", SecretString="changed")
    assert read() == "s3cret"

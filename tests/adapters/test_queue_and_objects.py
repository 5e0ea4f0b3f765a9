from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from distillery.aws.job_queue import SqsJobQueue
from distillery.aws.object_store import S3ObjectStore
from distillery.aws.secrets import KEPT_S, secret_reader
from distillery.core.errors import QueueUnavailable
from distillery.core.ports import ObjectStore
from local.memory import MemoryObjectStore
from tests.adapters.conftest import BUCKET, REGION


@pytest.fixture
def s3(aws: botocore.session.Session) -> Any:
    client = aws.create_client("s3", config=Config(signature_version="s3v4"))
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


def test_an_object_exists_once_it_was_put(objects: ObjectStore) -> None:
    assert not objects.exists("jobs/1/1/claim")
    objects.put("jobs/1/1/claim", b"", "text/plain")
    assert objects.exists("jobs/1/1/claim")
    assert not objects.exists("jobs/1/1/clai")


def test_a_bucket_that_may_not_be_asked_is_not_taken_for_an_empty_one(s3: Any) -> None:
    with Stubber(s3) as stub, pytest.raises(ClientError):
        stub.add_client_error("head_object", "403", http_status_code=403)
        S3ObjectStore(s3, BUCKET).exists("jobs/1/1/claim")


def test_a_claim_names_the_object_and_says_only_if_there_is_none(objects: ObjectStore) -> None:
    claim = objects.sign_claim("jobs/1/1/claim", 60)
    assert "jobs/1/1/claim" in claim.url
    assert claim.headers == {"If-None-Match": "*"}


def test_an_attempt_is_claimed_by_one(s3: Any) -> None:
    store = S3ObjectStore(s3, BUCKET)
    claim = store.sign_claim("jobs/1/1/claim", 60)
    answers = [
        requests.put(claim.url, body, headers=claim.headers, timeout=5).status_code
        for body in (b"first", b"second")
    ]
    assert answers == [200, 412]
    assert store.read("jobs/1/1/claim") == b"first"


def test_a_claim_signs_its_condition(s3: Any) -> None:
    claim = S3ObjectStore(s3, BUCKET).sign_claim("jobs/1/1/claim", 60)
    assert "X-Amz-SignedHeaders=host%3Bif-none-match" in claim.url


def test_an_object_is_there_once_it_was_put(objects: ObjectStore) -> None:
    assert not objects.exists("jobs/1/1/claim")
    objects.put("jobs/1/1/claim", b"", "application/json")
    assert objects.exists("jobs/1/1/claim")


def test_a_claim_is_signed_for_the_first_who_makes_it(s3: Any) -> None:
    claim = S3ObjectStore(s3, BUCKET).sign_claim("jobs/1/1/claim", 60)
    assert claim.headers == {"If-None-Match": "*"}
    assert "if-none-match" in parse_qs(urlsplit(claim.url).query)["X-Amz-SignedHeaders"][0]


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


def test_a_secret_is_asked_for_when_needed_and_anew_after_a_while(
    aws: botocore.session.Session,
) -> None:
    client = aws.create_client("ssm")
    now = 0.0
    read = secret_reader(client, "/distillery/key", lambda: now)
    client.put_parameter(Name="/distillery/key", Value="s3cret\n", Type="SecureString")

    assert read() == "s3cret"
    client.put_parameter(Name="/distillery/key", Value="changed", Overwrite=True)
    now = KEPT_S - 1
    assert read() == "s3cret"
    now = KEPT_S
    assert read() == "changed"


def test_a_secret_that_cannot_be_read_anew_stays_as_it_was(aws: botocore.session.Session) -> None:
    client = aws.create_client("ssm")
    now = 0.0
    read = secret_reader(client, "/distillery/key", lambda: now)
    with pytest.raises(ClientError):
        read()
    client.put_parameter(Name="/distillery/key", Value="s3cret", Type="SecureString")
    assert read() == "s3cret"
    client.delete_parameter(Name="/distillery/key")
    now = KEPT_S
    assert read() == "s3cret"

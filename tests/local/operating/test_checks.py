"""What `distillery doctor` finds out, and what it says is to be done."""

from __future__ import annotations

from typing import Any

import pytest
from moto import mock_aws

from distillery.aws.dead_letters import DynamoDeadLetters
from distillery.core.ports import DeadLetter, LetterSource
from local.operating import checks
from local.operating.outside import Unwell
from local.operating.place import CannotGoOn, Place, aws_client
from local.plain_table import create_table
from tests.local.operating.stand_ins import APPLICATION, Others, StandIn


def test_an_address_that_takes_a_wrong_signature_is_found_out(others: Others) -> None:
    others.answers["POST"] = 401
    assert checks.signature(StandIn(others)) == "a wrong signature is refused"
    others.answers["POST"] = 200
    with pytest.raises(Unwell, match="answered 200 to a wrong signature"):
        checks.signature(StandIn(others))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "paste http"),
        ({"id": "14"}, "is of application 14, .*distillery init --secrets"),
        ({"verify_key": "1" * 64}, f'set public_key = "{"1" * 64}" .*make deploy'),
    ],
)
def test_a_discord_that_does_not_call_us_is_found_out(
    others: Others, change: dict[str, str], words: str
) -> None:
    place = StandIn(others)
    others.answers["/applications/@me"] = APPLICATION | change
    with pytest.raises(Unwell, match=words):
        checks.discord(place)
    others.answers["/applications/@me"] = APPLICATION | {
        "interactions_endpoint_url": place.interactions_url
    }
    assert "PING" in checks.discord(place)


def test_discord_is_told_the_address_anew_so_that_it_tries_it(others: Others) -> None:
    place = StandIn(others)
    ours = {"interactions_endpoint_url": place.interactions_url}
    others.answers["/applications/@me"] = APPLICATION | ours
    checks.discord(place)
    assert others.changes == [ours]

    others.answers["PATCH"] = 400
    with pytest.raises(Unwell, match="does not pass: Invalid Form Body"):
        checks.discord(place)


@mock_aws
def test_dead_letters_are_counted_in_the_table_and_in_the_queue(
    others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    create_table(aws_client("dynamodb"), "jobs")
    queue = aws_client("sqs").create_queue(QueueName="QueuesDeadLetters1")["QueueUrl"]
    place = StandIn(others)
    monkeypatch.setattr(StandIn, "outputs", {"TableName": "jobs"})
    monkeypatch.setattr(StandIn, "resources", lambda _, kind: [queue])
    assert checks.dead_letters(place) == "none"

    aws_client("sqs").send_message(QueueUrl=queue, MessageBody="x")
    letter = DeadLetter("1", 1000, LetterSource.QUEUE, "{}", "why")
    DynamoDeadLetters(aws_client("dynamodb"), "jobs").keep(letter)
    with pytest.raises(Unwell, match=r"2 lie there.*redrive"):
        checks.dead_letters(place)


@pytest.mark.parametrize(("allowed", "is_well"), [(0, False), (1, True)])
def test_an_account_that_may_run_no_gpu_is_found_out(
    others: Others, monkeypatch: pytest.MonkeyPatch, allowed: int, is_well: bool
) -> None:
    class Quotas:
        def get_paginator(self, _: str) -> Quotas:
            return self

        def paginate(self, **_: str) -> list[Any]:
            return [
                {"Quotas": [{"QuotaName": "ml.g5.xlarge for endpoint usage", "Value": allowed}]}
            ]

    place = StandIn(others)
    monkeypatch.setattr(StandIn, "client", lambda _, service: Quotas())
    if is_well:
        assert checks.gpu_quota(place) == "1 of ml.g5.xlarge are allowed"
    else:
        with pytest.raises(Unwell, match="Service Quotas, Amazon SageMaker"):
            checks.gpu_quota(place)


def test_an_account_that_allows_few_runs_at_a_time_is_found_out(
    others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lambda:
        def get_account_settings(self) -> Any:
            return {"AccountLimit": {"ConcurrentExecutions": 10}}

    monkeypatch.setattr(StandIn, "client", lambda _, service: Lambda())
    with pytest.raises(Unwell, match="10 runs of Lambda at a time"):
        checks.runs_at_once(StandIn(others))


def test_commands_that_are_not_registered_are_found_out(others: Others) -> None:
    others.answers["/applications/13/commands?with_localizations=true"] = []
    with pytest.raises(Unwell, match=r"make deploy$"):
        checks.commands(StandIn(others))
    with pytest.raises(Unwell, match=r"make deploy STAGE=dev$"):
        checks.commands(StandIn(others, stage="dev"))


@mock_aws
def test_an_endpoint_and_a_secret_that_are_not_there_say_what_to_do(
    others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    place = Place(StandIn(others).settings)
    with pytest.raises(Unwell, match=r"deploy\.md#sagemaker"):
        checks.sagemaker(place)
    with pytest.raises(CannotGoOn, match="distillery init --secrets stores it"):
        checks.commands(place)


def test_workers_that_are_all_unwell_are_found_out(others: Others) -> None:
    assert checks.runpod(StandIn(others)) == 'workers: {"idle": 1}'
    others.answers["/one/health"]["workers"] = {"unhealthy": 2, "idle": 0}
    with pytest.raises(Unwell, match="unhealthy"):
        checks.runpod(StandIn(others))


def test_only_what_a_deployment_has_is_looked_at(others: Others) -> None:
    names = checks.checks_of(StandIn(others, providers=("runpod",))).keys()
    assert not {"sagemaker", "GPU quota", "alarm e-mail", "alarm channel"} & names
    told = {"alarm_email": "ops@example.com", "alarm_channel": "77"}
    assert {"alarm e-mail", "alarm channel"} <= checks.checks_of(StandIn(others, **told)).keys()
    assert {"signature", "discord", "commands", "runpod", "dead letters", "alarms"} <= names

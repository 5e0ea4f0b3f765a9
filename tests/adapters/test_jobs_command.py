"""`distillery jobs` and `distillery report` as they are typed, against moto's AWS."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from distillery.aws.job_store import DynamoJobStore
from distillery.core.job import JobState, Outcome, Picture
from infra.settings import Settings
from local import cli
from local.deployment import Deployment
from local.job_trace import log_lines
from tests.adapters.conftest import TABLE
from tests.adapters.test_job_store import JOB

Types = Callable[..., int]
STACK = "Distillery"


@pytest.fixture
def queue(aws: botocore.session.Session) -> tuple[Any, str]:
    sqs = aws.create_client("sqs")
    return sqs, sqs.create_queue(QueueName="jobs")["QueueUrl"]


@pytest.fixture
def types(queue: tuple[Any, str], monkeypatch: pytest.MonkeyPatch) -> Types:
    def type_it(*words: str) -> int:
        on_aws = ("--table", TABLE, "--queue-url", queue[1])
        monkeypatch.setattr("sys.argv", ["distillery", *words, *on_aws])
        return cli.main()

    return type_it


@pytest.fixture
def store(dynamodb: Any) -> DynamoJobStore:
    store = DynamoJobStore(dynamodb, TABLE)
    store.create(dataclasses.replace(JOB, created_at=time.time()))
    return store


def job(store: DynamoJobStore) -> Any:
    found = store.load(JOB.job_id)
    assert found
    return found


def ended(store: DynamoJobStore) -> None:
    picture = Picture("a.png", "image/png", 10)
    sent = job(store).dispatched("runpod", time.time())
    store.move(job(store), sent, slot_limit=1)
    claimed = sent.concluded(Outcome(pictures=(picture,), gpu_s=9), time.time(), 30)
    store.move(sent, claimed)
    store.move(claimed, claimed.delivered(time.time()))


def messages(queue: tuple[Any, str]) -> list[Any]:
    sqs, url = queue
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_open_jobs_are_listed_and_those_that_ended_are_not(
    types: Types, store: DynamoJobStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types("jobs", "list") == 0
    assert JOB.job_id in capsys.readouterr().out
    ended(store)
    assert types("jobs", "list") == 0
    assert capsys.readouterr().out.startswith("no open jobs")
    assert types("jobs", "list", "--hours", "1", "--json") == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert (shown["job_id"], shown["state"]) == (JOB.job_id, "SUCCEEDED")


def test_the_jobs_of_another_member_are_left_out(
    types: Types, store: DynamoJobStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types("jobs", "list", "--member", "nobody") == 0
    assert capsys.readouterr().out == "no jobs\n"


def test_a_job_is_shown_without_its_token_and_its_words(
    types: Types, store: DynamoJobStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types("jobs", "show", JOB.job_id) == 0
    assert types("jobs", "show", JOB.job_id, "--json") == 0
    said = capsys.readouterr().out
    assert "origin" not in said
    assert "token" not in said
    assert "prompt" not in said
    assert "created" in said


def test_a_job_that_does_not_exist_is_said_to(
    types: Types, store: DynamoJobStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types("jobs", "show", "9") == 1
    assert "No job 9. See: distillery jobs list" in capsys.readouterr().err


def test_a_trace_has_the_lines_of_every_room_in_order_and_of_no_other_job(
    types: Types,
    store: DynamoJobStore,
    aws: botocore.session.Session,
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs = aws.create_client("logs")
    now = int(time.time() * 1000)
    lines = {
        "Distillery-FollowupLog1": [(now + 2, JOB.job_id, "answered")],
        "Distillery-DispatcherLog1": [(now + 1, JOB.job_id, "dispatched"), (now, "7", "other")],
        "SomebodyElse": [(now, JOB.job_id, "not ours")],
    }
    for group, told in lines.items():
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="a")
        events = [
            {
                "timestamp": at,
                "message": json.dumps({"job_id": job_id, "message": text, "service": "room"}),
            }
            for at, job_id, text in sorted(told)
        ]
        events.append({"timestamp": now + 3, "message": f"START {JOB.job_id}"})
        logs.put_log_events(logGroupName=group, logStreamName="a", logEvents=events)

    assert types("jobs", "trace", JOB.job_id, "--json", "--stack", STACK) == 0

    traced = json.loads(capsys.readouterr().out)
    assert [line["message"] for line in traced["log"]] == ["dispatched", "answered"]


def test_a_trace_of_a_stage_has_the_lines_of_its_endpoint_at_sagemaker(
    aws: botocore.session.Session,
) -> None:
    logs = aws.create_client("logs")
    for endpoint in ("our-gpu", "our-gpu-2"):
        group = f"/aws/sagemaker/Endpoints/{endpoint}"
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="AllTraffic/i-1")
        line = json.dumps({"job_id": JOB.job_id, "message": endpoint, "level": "INFO"})
        events = [{"timestamp": int(time.time() * 1000), "message": line}]
        logs.put_log_events(logGroupName=group, logStreamName="AllTraffic/i-1", logEvents=events)
    deployment = Deployment(TABLE, "a-queue", False, aws.create_client)
    asked = dataclasses.replace(JOB, created_at=time.time())
    settings = Settings(application_id="1", public_key="0" * 64, sagemaker_endpoint_name="our-gpu")

    (line,) = log_lines(dataclasses.replace(deployment, settings=settings), asked, STACK)
    assert (line.where, line.message) == ("sagemaker", "our-gpu")
    assert log_lines(deployment, asked, STACK) == []


def test_a_job_is_called_off_once(
    types: Types,
    store: DynamoJobStore,
    queue: tuple[Any, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert types("jobs", "cancel", JOB.job_id) == 0
    assert capsys.readouterr().out == f"{JOB.job_id} is called off\n"
    assert job(store).was_cancelled
    assert messages(queue) == [{"job_id": JOB.job_id}]
    assert types("jobs", "cancel", JOB.job_id) == 0
    assert "had ended already (DELIVERING)" in capsys.readouterr().out


def test_a_redelivery_asks_the_dispatcher_to_show_the_answer_again(
    types: Types, store: DynamoJobStore, queue: tuple[Any, str]
) -> None:
    ended(store)
    assert types("jobs", "redeliver", JOB.job_id) == 0
    assert messages(queue) == [{"job_id": JOB.job_id, "again": True}]
    assert job(store).state is JobState.SUCCEEDED


def test_a_report_is_written_and_summed_up(
    types: Types, store: DynamoJobStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended(store)
    out = tmp_path / "new" / "report.html"
    prices = ("--dollars-per-hour", "runpod=3600")
    assert types("report", "--days", "2", "--out", str(out), *prices) == 0
    last = capsys.readouterr().out.splitlines()[-3]
    assert last.split() == [
        "all",
        "1",
        "1",
        "100.0%",
        "1",
        *last.split()[5:7],
        "9.0",
        "9.0000",
        "9.00000",
    ]
    assert "By provider" in out.read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--days", "0"), "--days must"),
        (("--dollars-per-hour", "x"), "write it as"),
        (("--dollars-per-hour", "none=1"), "no such provider"),
    ],
)
def test_a_report_that_cannot_be_made_says_why(
    types: Types, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert types("report", *words) == 1
    assert told in capsys.readouterr().err

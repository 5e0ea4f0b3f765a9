"""The operator's command as it is typed, against moto's AWS and the shell's credentials."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest

from distillery.aws.dead_letters import DynamoDeadLetters
from distillery.aws.job_store import DynamoJobStore
from distillery.core.job import JobState
from distillery.core.ports import DeadLetter, LetterSource
from local import cli, deployment
from tests.adapters.conftest import TABLE
from tests.adapters.test_job_store import JOB

LETTER = DeadLetter("m-1", 1_790_000_000_000, LetterSource.QUEUE, "{}", "it\x1bfailed", "1001")
ID = "1790000000000#m-1"


@dataclasses.dataclass
class Operator:
    """Types commands, and sees what there is on AWS."""

    letters: DynamoDeadLetters
    store: DynamoJobStore
    sqs: Any
    queue_url: str
    types: Callable[..., int]

    def messages(self) -> list[str]:
        answer = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]


@pytest.fixture
def operator(
    aws: botocore.session.Session, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> Operator:
    sqs = aws.create_client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]

    def types(*words: str) -> int:
        on_aws = ("--table", TABLE, "--queue-url", url)
        monkeypatch.setattr("sys.argv", ["distillery", "dead-letters", *words, *on_aws])
        return cli.main()

    letters, store = DynamoDeadLetters(dynamodb, TABLE), DynamoJobStore(dynamodb, TABLE)
    return Operator(letters, store, sqs, url, types)


def test_a_letter_is_shown_in_one_line_without_control_characters(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.letters.keep(LETTER)
    assert operator.types("list") == 0
    assert capsys.readouterr().out == (
        f"{ID}  2026-09-21 14:13:20+00:00  queue  job 1001  it failed\n"
    )


def test_all_of_a_letter_is_shown_as_json(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.letters.keep(LETTER)
    assert operator.types("list", "--json") == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown == {"id": ID, **dataclasses.asdict(LETTER)}


def test_nothing_to_show_is_said(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    assert operator.types("list") == 0
    assert capsys.readouterr().out == "no dead letters\n"


@pytest.mark.parametrize("source", LetterSource)
def test_redrive_wakes_a_job_that_waits_and_deletes_the_record(
    operator: Operator, source: LetterSource, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.store.create(JOB)
    operator.letters.keep(dataclasses.replace(LETTER, source=source))
    assert operator.types("redrive", ID) == 0
    assert "is woken" in capsys.readouterr().out
    assert operator.messages() == ['{"job_id": "1001"}']
    assert operator.letters.list(10) == []


def test_redrive_leaves_an_answered_job_alone(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.store.create(dataclasses.replace(JOB, state=JobState.FAILED))
    operator.letters.keep(LETTER)
    assert operator.types("redrive", "--all") == 0
    assert "has been answered (FAILED)" in capsys.readouterr().out
    assert operator.messages() == []
    assert operator.letters.list(10) == []


def test_redrive_keeps_a_letter_that_names_no_job(operator: Operator) -> None:
    nameless = dataclasses.replace(LETTER, job_id=None)
    operator.letters.keep(nameless)
    operator.letters.keep(LETTER)
    assert operator.types("redrive", "--all") == 0
    assert operator.letters.list(10) == [LETTER]


def test_a_record_stays_when_the_queue_does_not_take_the_message(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.store.create(JOB)
    operator.letters.keep(LETTER)
    operator.sqs.delete_queue(QueueUrl=operator.queue_url)
    assert operator.types("redrive", "--all") == 1
    assert "--queue-url" in capsys.readouterr().err
    assert operator.letters.list(10) == [LETTER]


def test_an_id_that_is_not_there_says_where_to_look(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.types("redrive", "1#2") == 1
    assert "dead-letters list" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"), [((), "make demo"), (("--table", "t"), "both --table and --queue-url")]
)
def test_without_a_deployment_the_command_says_what_to_do(
    words: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(deployment, "read_state", lambda: None)
    monkeypatch.setattr("sys.argv", ["distillery", "dead-letters", "list", *words])
    assert cli.main() == 1
    assert said in capsys.readouterr().err

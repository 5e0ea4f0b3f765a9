"""What an operator's commands ask, keep and find, against a Discord and a Runpod that answer."""

from __future__ import annotations

import argparse
import io
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from distillery.aws.dead_letters import DynamoDeadLetters
from distillery.core.ports import DeadLetter, LetterSource
from infra.settings import Settings
from infra.settings_file import read_settings
from local.cli import parser
from local.deployment import CannotRun, open_deployment
from local.operating import alarm_checks, checks, doctor, init, smoke
from local.operating.init import account, ask, ask_all, ask_secrets, keep, typed, written
from local.operating.outside import Unwell
from local.operating.place import CannotGoOn, Place, aws_client, context_of
from local.plain_table import create_table

APPLICATION = {"id": "13", "name": "a bot", "verify_key": "0" * 64}
WORKERS = {"idle": 1, "running": 0, "unhealthy": 0}


class Others:
    """Discord and Runpod at one address; `answers` says what to which path."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.changes: list[dict[str, str]] = []
        self.answers: dict[str, Any] = {
            "/applications/@me": APPLICATION,
            "/one/health": {"jobs": {}, "workers": WORKERS},
            "PATCH": 200,
        }
        outer = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                authorization = self.headers.get("Authorization", "")
                outer.asked.append((self.path, authorization))
                known = outer.answers.get(self.path)
                wrong = "wrong" in authorization
                self.send_response(401 if wrong else 404 if known is None else 200)
                self.end_headers()
                self.wfile.write(json.dumps(known).encode())

            def do_POST(self) -> None:
                self.send_response(outer.answers["POST"])
                self.end_headers()

            def do_PATCH(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.changes.append(json.loads(self.rfile.read(length)))
                self.send_response(outer.answers["PATCH"])
                self.end_headers()
                self.wfile.write(b'{"message": "Invalid Form Body", "code": 50035}')

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def others() -> Iterator[Others]:
    served = Others()
    thread = threading.Thread(target=served.server.serve_forever)
    thread.start()
    yield served
    served.server.shutdown()
    thread.join()
    served.server.server_close()


def asked(others: Others, *answers: str) -> tuple[dict[str, Any], dict[str, str]]:
    lines = iter(answers)
    urls = {"discord_api_url": others.url, "runpod_api_url": others.url}

    def ask(_: str) -> str:
        return next(lines)

    return ask_all(urls, ask=ask, ask_secretly=ask, look=lambda name: f"{name} is there")


def test_what_was_asked_for_becomes_settings_that_work(others: Others, tmp_path: Path) -> None:
    settings, secrets = asked(others, "a-token", "one", "a-key", "n", "an-endpoint")
    (tmp_path / "distillery.toml").write_text(written(settings))
    read = read_settings({}, tmp_path)

    assert (read.application_id, read.public_key) == ("13", "0" * 64)
    assert read.providers == ("runpod", "sagemaker")
    assert not read_settings({"stage": "dev"}, tmp_path).keep_data
    assert secrets == {
        "/distillery/discord-bot-token": "a-token",
        "/distillery/runpod-api-key": "a-key",
    }
    assert not {"a-token", "a-key"} & set((tmp_path / "distillery.toml").read_text().split('"'))
    assert [authorization for _, authorization in others.asked] == ["Bot a-token", "Bearer a-key"]


def test_an_endpoint_of_the_hubs_image_is_another_kind_of_provider(others: Others) -> None:
    settings, _ = asked(others, "a-token", "one", "a-key", "y", "")
    assert settings["providers"] == ["worker_comfyui"]
    assert settings["worker_comfyui_endpoint_id"] == "one"


def test_one_provider_is_enough_and_none_is_not(others: Others) -> None:
    settings, secrets = asked(others, "a-token", "", "an-endpoint")
    assert settings["providers"] == ["sagemaker"]
    assert secrets.keys() == {"/distillery/discord-bot-token"}
    with pytest.raises(Unwell, match="one provider at least"):
        asked(others, "a-token", "", "")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (("wrong",), "the bot token is wrong"),
        (("a-token", "one", "wrong"), "the API key is wrong"),
        (("a-token", "two", "a-key"), "404"),
    ],
)
def test_what_discord_or_runpod_does_not_take_is_said_at_once(
    others: Others, answers: tuple[str, ...], words: str
) -> None:
    with pytest.raises(Unwell, match=words):
        asked(others, *answers)


@mock_aws
def test_secrets_are_kept_encrypted_and_may_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    keep({"/a/secret": "old"})
    keep({"/a/secret": "new"})
    client: Any = botocore.session.get_session().create_client("ssm")

    kept = client.get_parameter(Name="/a/secret", WithDecryption=True)["Parameter"]
    assert (kept["Type"], kept["Value"]) == ("SecureString", "new")


FILE = f"""
# ours
application_id = "13"
public_key = "{"0" * 64}"
providers = ["runpod", "worker_comfyui"]
runpod_endpoint_id = "one"
worker_comfyui_endpoint_id = "two"

[[prod.tiers]]
name = "patron"

[dev]
application_id = "14"
public_key = "{"1" * 64}"
bot_token_secret = "/dev/token"  # pragma: allowlist secret
"""


def place_in(folder: Path, others: Others, **context: str) -> Place:
    (folder / "distillery.toml").write_text(FILE)
    urls = {"discord_api_url": others.url, "runpod_api_url": others.url}
    return Place.of({**urls, **context}, folder)


def secrets_of(place: Place, *answers: str) -> dict[str, str]:
    lines = iter(answers)
    return ask_secrets(place, lambda _: next(lines))


def test_another_token_or_key_is_checked_with_all_that_it_is_for(
    others: Others, tmp_path: Path
) -> None:
    others.answers["/two/health"] = others.answers["/one/health"]
    place = place_in(tmp_path, others)
    assert secrets_of(place, "a-token", "a-key") == {
        "/distillery/discord-bot-token": "a-token",
        "/distillery/runpod-api-key": "a-key",
    }
    assert [path for path, _ in others.asked] == ["/applications/@me", "/one/health", "/two/health"]
    assert secrets_of(place, "", "a-key").keys() == {"/distillery/runpod-api-key"}
    assert secrets_of(place, "", "") == {}


def test_another_token_of_another_bot_is_not_taken(others: Others, tmp_path: Path) -> None:
    dev = place_in(tmp_path, others, stage="dev")
    with pytest.raises(
        Unwell, match=r"application 13, .* 14: distillery init --secrets --stage dev"
    ):
        secrets_of(dev, "a-token", "")
    others.answers["/applications/@me"] = {**APPLICATION, "id": "14", "verify_key": "1" * 64}
    assert secrets_of(dev, "a-token", "") == {"/dev/token": "a-token"}


@mock_aws
def test_new_secrets_leave_every_line_of_the_file(
    others: Others, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr(init, "REPOSITORY", tmp_path)
    place_in(tmp_path, others)
    urls = ["-c", f"discord_api_url={others.url}", "-c", f"runpod_api_url={others.url}"]
    others.answers["/two/health"] = others.answers["/one/health"]

    monkeypatch.setattr("sys.stdin", io.StringIO("a-token\na-key\n"))
    assert init.run(parser().parse_args(["init", "--secrets", *urls])) == 0
    assert (tmp_path / "distillery.toml").read_text() == FILE
    name = "/distillery/runpod-api-key"
    assert place_in(tmp_path, others).secret(name) == "a-key"


def test_a_file_that_is_there_is_not_written_over_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(init, "REPOSITORY", tmp_path)
    (tmp_path / "distillery.toml").write_text(FILE)
    assert init.run(parser().parse_args(["init"])) == 1
    assert "distillery init --secrets stores" in capsys.readouterr().err
    assert (tmp_path / "distillery.toml").read_text() == FILE


def test_what_was_given_for_the_file_holds_in_every_stage(others: Others, tmp_path: Path) -> None:
    given = typed({"keep_data": "false", "runpod_slots": "2", "stage": "dev"})
    settings, _ = asked(others, "a-token", "one", "a-key", "n", "")
    text = written({**settings, **given})
    (tmp_path / "distillery.toml").write_text(text)
    assert "stage =" not in text
    for stage in ("prod", "dev"):
        read = read_settings({"stage": stage}, tmp_path)
        assert (read.keep_data, read.runpod_slots, read.gradual) == (False, 2, stage == "prod")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [("runpod_slots", "many", "whole number"), ("runpod_slot", "1", "no such setting")],
)
def test_what_the_file_could_not_say_is_refused_before_it_is_written(
    key: str, value: str, words: str
) -> None:
    with pytest.raises(CannotGoOn, match=f"-c {key}: .*{words}"):
        typed({key: value})


@pytest.mark.parametrize(
    "command",
    ["init", "doctor", "smoke", "cost idle", "jobs list", "report", "dead-letters list"],
)
def test_every_command_about_a_deployment_takes_a_stage(command: str) -> None:
    arguments = parser().parse_args([*command.split(), "--stage", "dev"])
    assert arguments.stage == "dev"
    if hasattr(arguments, "context"):
        assert context_of(arguments) == {"stage": "dev"}


class StandIn(Place):
    """A place whose stack is as the test says."""

    def __init__(self, others: Others, **settings: Any) -> None:
        super().__init__(
            Settings(
                application_id="13",
                public_key="0" * 64,
                discord_api_url=others.url,
                runpod_api_url=others.url,
                runpod_endpoint_id="one",
                **settings,
            )
        )
        self._url = f"{others.url}/interactions"

    @property
    def interactions_url(self) -> str:
        return self._url

    def secret(self, name: str) -> str:
        return "a-token"


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
def test_the_account_is_named_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert account() == "account 123456789012, eu-central-1"


def test_a_shell_without_credentials_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CannotGoOn, match="AWS_REGION"):
        account()


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


@mock_aws
def test_an_alarm_that_rings_is_named(others: Others, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    client = aws_client("cloudwatch")
    client.put_metric_alarm(
        AlarmName="Distillery-no-provider",
        MetricName="NoProvider",
        Namespace="Distillery",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Threshold=1,
        Period=60,
        Statistic="Sum",
    )
    monkeypatch.setattr(StandIn, "resources", lambda _, kind: ["Distillery-no-provider"])
    assert alarm_checks.ringing(StandIn(others)) == "1 are quiet"

    client.set_alarm_state(
        AlarmName="Distillery-no-provider", StateValue="ALARM", StateReason="a test"
    )
    with pytest.raises(Unwell, match=r"Distillery-no-provider: docs/operations\.md"):
        alarm_checks.ringing(StandIn(others))


class Subscribed:
    """A topic with one subscription; before it is confirmed its ARN says so, and is none."""

    def __init__(self, arn: str, endpoint: str) -> None:
        self._one = {"SubscriptionArn": arn, "Protocol": "email", "Endpoint": endpoint}

    def get_paginator(self, _: str) -> Subscribed:
        return self

    def paginate(self, **_: str) -> list[Any]:
        return [{"Subscriptions": []}, {"Subscriptions": [self._one]}]


@pytest.mark.parametrize(
    ("arn", "endpoint", "is_well"),
    [
        ("arn:aws:sns:eu-central-1:1:a-topic:1", "ops@example.com", True),
        ("PendingConfirmation", "ops@example.com", False),
        ("Deleted", "ops@example.com", False),
        ("arn:aws:sns:eu-central-1:1:a-topic:1", "others@example.com", False),
    ],
)
def test_who_has_not_confirmed_that_alarms_are_mailed_is_named(
    others: Others, monkeypatch: pytest.MonkeyPatch, arn: str, endpoint: str, is_well: bool
) -> None:
    place = StandIn(others, alarm_email="ops@example.com")
    monkeypatch.setattr(StandIn, "outputs", {"AlarmTopic": "a-topic"})
    monkeypatch.setattr(StandIn, "client", lambda _, service: Subscribed(arn, endpoint))
    if is_well:
        assert alarm_checks.email(place) == "ops@example.com has confirmed"
    else:
        with pytest.raises(
            Unwell, match=r"has not confirmed.*--topic-arn a-topic --protocol email"
        ):
            alarm_checks.email(place)


def test_a_bot_that_does_not_see_the_channel_of_the_alarms_is_found_out(others: Others) -> None:
    place = StandIn(others, alarm_channel="77")
    with pytest.raises(Unwell, match="does not see the channel 77: 404"):
        alarm_checks.channel(place)
    others.answers["/channels/77"] = {"id": "77", "name": "ops"}
    assert alarm_checks.channel(place) == "the bot sees #ops"


def test_the_commands_for_jobs_find_a_stage_by_its_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = {"TableName": "a-table", "QueueUrl": "a-queue"}
    settings = Settings(application_id="1", public_key="0" * 64, stage="dev")
    place = StandIn.__new__(StandIn)
    place.settings = settings
    monkeypatch.setattr(StandIn, "outputs", outputs)
    monkeypatch.setattr(Place, "of", lambda context, folder: place)
    found = open_deployment(argparse.Namespace(stage="dev", table=None, queue_url=None))
    assert (found.table, found.queue_url, found.stack) == ("a-table", "a-queue", "DistilleryDev")
    assert not found.is_local


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


class CloudFormation:
    """Knows one stack, in a state that the test says."""

    def __init__(self, status: str, outputs: list[dict[str, str]] | None) -> None:
        self._stack: dict[str, Any] = {"StackName": "Distillery", "StackStatus": status}
        if outputs is not None:
            self._stack["Outputs"] = outputs

    def describe_stacks(self, **_: str) -> Any:
        return {"Stacks": [self._stack]}


TABLE = [{"OutputKey": "TableName", "OutputValue": "a-table"}]


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "CREATE_FAILED"])
@pytest.mark.parametrize("outputs", [None, []])
def test_a_first_deployment_that_failed_is_named_by_every_command(
    others: Others,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: str,
    outputs: list[dict[str, str]] | None,
) -> None:
    place = StandIn(others)
    monkeypatch.setattr(StandIn, "client", lambda _, service: CloudFormation(status, outputs))
    monkeypatch.setattr(Place, "of", lambda context, folder: place)
    assert doctor.run(parser().parse_args(["doctor"])) == 1
    assert smoke.run(parser().parse_args(["smoke"])) == 1
    said = capsys.readouterr().err
    assert said.count(f"Distillery is {status}, and has never been deployed whole") == 2
    assert said.count("then make deploy") == 2
    with pytest.raises(CannotRun, match=status):
        open_deployment(argparse.Namespace(stage="prod", table=None, queue_url=None))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("UPDATE_ROLLBACK_COMPLETE", "then make deploy"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name Distillery"),
        ("UPDATE_IN_PROGRESS", "look again"),
    ],
)
def test_a_last_deployment_that_did_not_go_through_is_found_out(
    others: Others, monkeypatch: pytest.MonkeyPatch, status: str, words: str
) -> None:
    monkeypatch.setattr(StandIn, "client", lambda _, service: CloudFormation(status, TABLE))
    with pytest.raises(Unwell, match=f"{status}.*{words}"):
        checks.stack(StandIn(others))
    monkeypatch.setattr(
        StandIn, "client", lambda _, service: CloudFormation("UPDATE_COMPLETE", TABLE)
    )
    assert checks.stack(StandIn(others)) == "Distillery, table a-table"


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


def test_answers_that_end_too_soon_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a-token\n"))
    assert ask("?") == "a-token"
    with pytest.raises(CannotGoOn, match="run the same again"):
        ask("?")


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

"""Every command finds the stage that is meant, and says when it was never deployed whole."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from infra.settings import Settings
from local.cli import parser
from local.deployment import CannotRun, open_deployment
from local.operating import checks, doctor, smoke
from local.operating.outside import Unwell
from local.operating.place import Place, context_of
from tests.local.operating.stand_ins import Others, StandIn


@pytest.mark.parametrize(
    "command",
    ["init", "doctor", "smoke", "cost idle", "jobs list", "report", "dead-letters list"],
)
def test_every_command_about_a_deployment_takes_a_stage(command: str) -> None:
    arguments = parser().parse_args([*command.split(), "--stage", "dev"])
    assert arguments.stage == "dev"
    if hasattr(arguments, "context"):
        assert context_of(arguments) == {"stage": "dev"}


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

"""Removing a stage: every stack it ever had, and no other's."""

from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from local.cli import parser
from local.operating import destroy

KEPT = {"Table1": ("AWS::DynamoDB::GlobalTable", "a-table"), "V1": ("AWS::Lambda::Version", "7")}


class Account:
    """CloudFormation with both stages; prod has all its stacks, whatever the settings say today."""

    def __init__(self) -> None:
        self.there = ["Distillery", "DistilleryDev", "DistilleryGpu", "DistilleryImage", "Another"]
        self.in_use = False
        self.meta = type("Meta", (), {"region_name": "eu-central-1"})

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012"}

    def describe_stacks(self, **given: str) -> dict[str, Any]:
        name = given["StackName"]
        if name not in self.there:
            said = {"Error": {"Code": "ValidationError", "Message": f"{name} does not exist"}}
            raise ClientError(said, "DescribeStacks")
        return {"Stacks": [{"StackName": name, "StackId": f"id of {name}"}]}

    def delete_stack(self, **given: str) -> None:
        self.there.remove(given["StackName"].removeprefix("id of "))

    def get_waiter(self, _: str) -> Account:
        return self

    def wait(self, **_: Any) -> None:
        if self.in_use:
            raise WaiterError("stack_delete_complete", "it failed", {})

    def get_paginator(self, _: str) -> Account:
        return self

    def paginate(self, **_: str) -> list[Any]:
        common = {
            "ResourceStatus": "DELETE_FAILED" if self.in_use else "DELETE_SKIPPED",
            "ResourceStatusReason": "it is in use",
        }
        events = [
            {**common, "LogicalResourceId": name, "ResourceType": kind, "PhysicalResourceId": it}
            for name, (kind, it) in KEPT.items()
        ]
        return [{"StackEvents": []}, {"StackEvents": events}]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account()
    for module in ("destroy", "init"):
        monkeypatch.setattr(f"local.operating.{module}.aws_client", lambda service: account)
    return account


def run(*words: str) -> int:
    return destroy.run(parser().parse_args(["destroy", *words]))


def test_every_stack_of_a_stage_goes_and_no_other(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--stage", "prod", "--yes") == 0

    assert account.there == ["DistilleryDev", "Another"]
    gone = [line for line in capsys.readouterr().out.splitlines() if line.endswith("is gone")]
    # What reads the service's bucket goes before it, what holds the endpoint's image after that.
    assert [line.partition(":")[0] for line in gone] == [
        "DistilleryGpu",
        "Distillery",
        "DistilleryImage",
    ]
    assert run("--yes") == 0
    assert "no stack of prod" in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "status"), [("n", 1), ("", 1), ("y", 0)])
def test_nothing_goes_unasked(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    status: int,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    assert run("--stage", "dev") == status
    assert ("DistilleryDev" in account.there) is (status == 1)
    said = capsys.readouterr().out
    assert said.startswith("AWS: account 123456789012, eu-central-1\nDelete DistilleryDev? (y/n)")


def test_the_data_that_stays_is_named(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--stage", "dev", "--yes") == 0
    stays = [line for line in capsys.readouterr().out.splitlines() if "stays" in line]
    assert stays == ["  stays, as keep_data says: a-table"]


def test_a_stack_that_does_not_go_says_why_and_ends_it(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.in_use = True
    assert run("--yes") == 1
    assert "DistilleryGpu is not gone" in (said := capsys.readouterr().err)
    assert "Table1: it is in use" in said
    assert "Distillery" in account.there

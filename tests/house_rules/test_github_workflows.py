"""What runs at GitHub is pinned by commit, and may do no more than it must."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house_rules.repository import ROOT

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OIDC = {"contents": "read", "id-token": "write"}
"""To fetch the code, and to prove to AWS who it is."""


def read(file: Path) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load(file.read_text())
    return document


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in read(file)["jobs"].values():
        yield from job["steps"]


def lint(file: Path) -> bool:
    """Whether the linters of `make check` find nothing; they are run as it runs them."""
    (target,) = re.findall(
        r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    commands = re.findall(r"\$\(BIN\)/(.*) (?:\.github.*)", target)
    assert len(commands) == 2
    return not any(
        subprocess.run(
            [ROOT / ".venv/bin" / command.split()[0], *command.split()[1:], str(file)],
            capture_output=True,
            check=False,
        ).returncode
        for command in commands
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("timeout-minutes:", "timeout-minuts:"),
        (r"checkout@\w+", "checkout@v7"),
        ("^name: CI", "name: CI"),
    ],
    ids=["a misspelt key", "an action that is not pinned", "no mistake"],
)
def test_a_mistake_in_a_workflow_is_found(right: str, wrong: str, tmp_path: Path) -> None:
    workflow = tmp_path / ".github" / "workflows" / "ci.yml"
    workflow.parent.mkdir(parents=True)
    text, found = re.subn(right, wrong, FILES[0].read_text(), flags=re.MULTILINE)
    assert found
    workflow.write_text(text)
    assert lint(workflow) == (text == FILES[0].read_text())


def test_there_are_two() -> None:
    assert [file.name for file in FILES] == ["ci.yml", "deploy.yml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_by_a_whole_commit_with_its_version(file: Path) -> None:
    uses = re.findall(r"uses: (.*)", file.read_text())
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_may_more_than_it_must(file: Path) -> None:
    document = read(file)
    assert document["permissions"] in ({}, {"contents": "read"})
    for job in document["jobs"].values():
        assert job.get("permissions", {}) in ({}, OIDC)
        assert job["timeout-minutes"] <= 60
    for step in steps(file):
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_somebody_typed_reaches_no_shell_but_as_a_variable(file: Path) -> None:
    """GitHub writes an expression into the script before the shell reads it."""
    for step in steps(file):
        assert "${{" not in step.get("run", "")


def test_a_deployment_has_no_key_of_aws_and_only_a_protected_environment_proves_it() -> None:
    (job,) = read(ROOT / ".github" / "workflows" / "deploy.yml")["jobs"].values()
    assert job["permissions"] == OIDC
    assert job["environment"] == "${{ inputs.stage }}"
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text()
    assert "secrets." not in text
    assert "aws-access-key" not in text


def test_what_a_change_must_pass_is_what_ci_runs() -> None:
    assert ".ci/run" in [step.get("run") for step in steps(ROOT / ".github" / "workflows/ci.yml")]

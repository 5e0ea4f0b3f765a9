"""Every lock agrees with pyproject.toml and with the others; nothing here needs a network."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.house_rules.repository import ROOMS, normalised, pins, text

PROJECT = tomllib.loads(text("pyproject.toml"))
GROUPS = PROJECT["dependency-groups"]
LOCK_FILE = "requirements.txt"
MINISTACK_LOCK = "local/ministack.txt"
OURS = "distillery (pyproject.toml"
LOCK = pins(LOCK_FILE)

# What a Lambda finds in its runtime, so that no bundle carries it.
IN_THE_RUNTIME = {"boto3", "botocore", "s3transfer", "urllib3", "python-dateutil", "six"}


def _names(requirements: list[str]) -> set[str]:
    return {normalised(re.split(r"[\[<>=!~; ]", line)[0]) for line in requirements}


def test_the_lock_is_of_what_the_project_asks_for() -> None:
    asked = _names(PROJECT["project"]["dependencies"] + GROUPS["dev"])
    entries = re.split(r"\n(?=\S)", text(LOCK_FILE))
    locked = _names([entry for entry in entries if "# via" in entry and OURS in entry])
    assert locked == asked, "run `make lock`"


def test_every_line_of_a_lock_is_an_exact_version_without_an_address() -> None:
    for lock in (LOCK_FILE, MINISTACK_LOCK):
        for line in text(lock).splitlines():
            assert re.match(r"[\w.-]+==[\w.!+-]+( ; .+)?$| +#( via)?", line), f"{lock}: {line}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_bundles_the_versions_that_the_tests_run_with(room: str) -> None:
    bundled = pins(f"lambdas/{room}/requirements.txt")
    assert bundled.items() <= LOCK.items()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_bundles_nothing_that_the_lambda_runtime_has(room: str) -> None:
    assert not IN_THE_RUNTIME & set(pins(f"lambdas/{room}/requirements.txt"))


def test_the_worker_image_has_the_versions_that_the_tests_run_with() -> None:
    image = pins("gpu_container/requirements.txt")
    assert image
    assert image.items() <= LOCK.items()


def test_the_embedded_aws_is_locked_with_the_boto3_of_the_lambda_runtime() -> None:
    embedded = pins(MINISTACK_LOCK)
    assert _names(GROUPS["embedded-aws"]) <= set(embedded)
    assert embedded["boto3"] == embedded["botocore"]


def test_what_no_lock_holds_has_an_exact_version_too() -> None:
    wanted = PROJECT["tool"]["distillery"]
    for name, version in wanted.items():
        assert re.fullmatch(r"3\.\d+" if name == "python" else r"\d+\.\d+\.\d+", version), name

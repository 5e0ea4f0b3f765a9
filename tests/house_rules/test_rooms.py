"""What is deployed: small, quick to start, and complete."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.bundle import RoomBundle
from infra.rooms import ROOMS, Room
from infra.settings import Settings
from tests.house_rules.repository import ROOT

LARGEST_ZIP = 3_100_000  # bytes
SLOW_TO_IMPORT = {
    *("aws_cdk", "boto3", "distillery.providers", "pydantic", "requests", "runpod", "sagemaker"),
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.idempotency",
    "aws_lambda_powertools.utilities.parser",
}

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "ALARM_CHANNEL": "1",
    "BUCKET_NAME": "a-bucket",
    "TABLE_NAME": "a-table",
    "BOT_TOKEN_SECRET_NAME": "a-secret",
    "DISCORD_APPLICATION_ID": "1",
    "DISCORD_PUBLIC_KEY": "00" * 32,
    "PROVIDERS": "runpod,sagemaker",
    "CANARY_PROVIDERS": "runpod",
    "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/a-queue",
    "RUNPOD_ENDPOINT_ID": "an-endpoint",
    "SAGEMAKER_ENDPOINT_NAME": "an-endpoint",
}
MINISTACK_PYTHON = ROOT / ".tools" / "ministack" / "bin" / "python"


@pytest.fixture(scope="module", params=ROOMS, ids=lambda room: room.name)
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is zipped for a room, made for this machine."""
    room: Room = request.param
    folder = tmp_path_factory.mktemp(room.name)
    version = "{}.{}".format(*_version_of(MINISTACK_PYTHON))
    settings = Settings(
        application_id="1", public_key="00" * 32, target="local", python_version=version
    )
    RoomBundle(room, settings).try_bundle(str(folder), image=None)  # type: ignore[arg-type]
    (folder / "room").write_text(room.name)
    return folder


def _version_of(python: Path) -> tuple[str, ...]:
    said = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True,
        check=True,
        text=True,
    )
    return tuple(said.stdout.split())


def _modules_of(
    python: str | Path, folder: Path, name: str, environment: dict[str, str]
) -> set[str]:
    code = f"import sys; sys.path.insert(0, '.'); import {name}; print(*sys.modules)"
    said = subprocess.run(
        [python, "-I", "-B", "-c", code],
        capture_output=True,
        check=False,
        cwd=folder,
        env=environment,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    return set(said.stdout.split())


def test_a_bundle_holds_all_that_its_room_imports(bundle: Path) -> None:
    """The interpreter holds what the Lambda runtime holds, and nothing of ours."""
    room = (bundle / "room").read_text()
    loaded = _modules_of(MINISTACK_PYTHON, bundle, f"lambdas.{room}.main", ENVIRONMENT)
    assert f"lambdas.{room}.main" in loaded


def test_a_bundle_is_small_enough_to_start_quickly(bundle: Path) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in bundle.rglob("*"):
            archive.write(file, file.relative_to(bundle))
    assert zipped.tell() < LARGEST_ZIP


def test_the_interactions_room_imports_nothing_slow_that_it_does_not_need() -> None:
    loaded = _modules_of(sys.executable, ROOT, "lambdas.interactions.main", ENVIRONMENT)
    assert not SLOW_TO_IMPORT & loaded


def test_every_handler_can_be_imported_without_any_setting() -> None:
    for room in ROOMS:
        loaded = _modules_of(
            sys.executable, ROOT, f"lambdas.{room.name}.handler", {"PATH": os.environ["PATH"]}
        )
        assert "botocore" not in loaded, room.name

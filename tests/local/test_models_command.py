"""`distillery models` as it is typed, with a real web server and moto's S3."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local import cli, models_place
from tests.worker.model_server import CONTENT, ModelServer, files_in, model_server, with_note

SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = "checkpoints/a.safetensors"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as place:
        yield place


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(models_place, "STAGING", tmp_path / "staging")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="models-of-ours")
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "volume").mkdir()
    return tmp_path / "volume"


@pytest.fixture
def run(
    server: ModelServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Type a command; returns the exit status and what was said on each stream."""

    def type_in(*words: str, **changes: str) -> tuple[int, str, str]:
        fields = {
            "name": '"a.safetensors"',
            "folder": '"checkpoints"',
            "size": str(len(CONTENT)),
            "sha256": f'"{SHA256}"',
            "licence": '"MIT"',
            "source": f'{{ https = "{server.origin}/a?key=secret" }}',
        } | changes
        file = tmp_path / "models.toml"
        file.write_text("[[model]]\n" + "\n".join(f"{k} = {v}" for k, v in fields.items()))
        action, *rest = words
        typed = ["distillery", "models", action, "--file", str(file), *rest]
        monkeypatch.setattr(sys, "argv", typed)
        status = cli.main()
        said = capsys.readouterr()
        return status, said.out, said.err

    return type_in


def test_sync_fills_a_folder_and_verify_agrees(run: Any, folder: Path) -> None:
    status, out, _ = run("sync", "--to", str(folder))
    assert status == 0
    assert out.splitlines()[-1] == f"{PATH}: brought, and its hash is right"
    assert files_in(folder) == with_note(PATH)

    assert run("sync", "--to", str(folder))[:2] == (0, f"{PATH}: is here already\n")
    (folder / PATH).write_bytes(CONTENT[::-1])
    assert run("sync", "--to", str(folder))[1].endswith("brought, and its hash is right\n")
    assert run("verify", "--to", str(folder))[:2] == (0, f"ok       {PATH}\n")


def test_verify_finds_what_is_missing_and_what_is_wrong(run: Any, folder: Path) -> None:
    assert run("verify", "--to", str(folder))[:2] == (1, f"missing  {PATH}\n")

    (folder / "checkpoints").mkdir()
    for wrong in (CONTENT[:-1], CONTENT[:-1] + b"?"):
        (folder / PATH).write_bytes(wrong)
        said = f"wrong    {PATH}: delete it, then sync\n"
        assert run("verify", "--to", str(folder))[:2] == (1, said)


def test_list_says_what_is_declared_and_never_a_secret(run: Any, folder: Path) -> None:
    status, out, _ = run("list")

    assert status == 0
    assert out.startswith(f"{PATH}  0.01 MB  MIT  http://127.0.0.1:")
    assert "secret" not in out
    assert run("list", "--to", str(folder))[1].endswith("  missing\n")


def test_list_as_json_has_every_field(run: Any, folder: Path) -> None:
    (row,) = json.loads(run("list", "--json", "--to", str(folder))[1])

    assert row.keys() == {"name", "folder", "source", "sha256", "size", "licence", "state"}
    assert row["state"] == "missing"


def test_a_hash_that_is_wrong_fails_and_leaves_nothing(run: Any, folder: Path) -> None:
    status, _, err = run("sync", "--to", str(folder), sha256=f'"{"0" * 64}"')

    assert status == 1
    assert "its SHA-256 is another" in err
    assert "secret" not in err
    assert files_in(folder) == set()


def test_a_name_that_is_not_declared_is_refused_with_those_that_are(run: Any) -> None:
    status, _, err = run("list", "b.safetensors")

    assert (status, err) == (1, "There is no b.safetensors. Declared: a.safetensors\n")


@pytest.mark.parametrize(
    ("place", "said"),
    [("/nowhere/at/all", "Make it, or mount the volume"), ("s3://B", "is not like s3://BUCKET")],
)
def test_a_place_that_is_none_is_refused(run: Any, place: str, said: str) -> None:
    status, _, err = run("sync", "--to", place)

    assert status == 1
    assert said in err


def test_a_wrong_models_file_is_refused_with_every_problem(run: Any) -> None:
    status, _, err = run("list", size="0", licence='""')

    assert status == 1
    assert [line.split(": ")[2] for line in err.splitlines()] == ["size", "licence"]


def test_sync_fills_a_bucket_as_sagemaker_mounts_it(
    run: Any, s3: Any, server: ModelServer, tmp_path: Path
) -> None:
    place = "s3://models-of-ours/sdxl/"
    assert run("list", "--to", place)[1].endswith("  missing\n")

    status, out, err = run("sync", "--to", place)
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == f"{PATH}: brought, and its hash is right"

    said = s3.get_object(Bucket="models-of-ours", Key=f"sdxl/{PATH}")
    assert said["Body"].read() == CONTENT
    assert said["Metadata"] == {"sha256": SHA256}
    assert files_in(tmp_path / "staging") == set()
    assert run("sync", "--to", place)[:2] == (0, f"{PATH}: is here already\n")
    assert run("verify", "--to", place)[:2] == (0, f"ok       {PATH}\n")
    assert len(server.seen) == 1


def test_what_the_bucket_has_is_believed_only_by_its_bytes(run: Any, s3: Any) -> None:
    place = "s3://models-of-ours"
    s3.put_object(Bucket="models-of-ours", Key=PATH, Body=CONTENT[:-1] + b"?")

    assert run("list", "--to", place)[1].endswith("  here\n")
    assert run("verify", "--to", place)[0] == 1

    s3.put_object(Bucket="models-of-ours", Key=PATH, Body=CONTENT, Metadata={"sha256": "old"})
    assert run("list", "--to", place)[1].endswith("  wrong size\n")


def test_a_model_that_is_in_a_bucket_is_brought_to_a_folder(
    run: Any, s3: Any, folder: Path
) -> None:
    s3.put_object(Bucket="models-of-ours", Key=f"all/{PATH}", Body=CONTENT)
    source = '{ s3 = "s3://models-of-ours/all/" }'

    status, _, err = run("sync", "--to", str(folder), source=source)

    assert (status, err) == (0, "")
    assert (folder / PATH).read_bytes() == CONTENT


def test_a_bucket_that_is_not_there_is_said_before_anything_is_fetched(
    run: Any, s3: Any, server: ModelServer
) -> None:
    for action in ("sync", "verify", "list"):
        status, _, err = run(action, "--to", "s3://not-there")
        assert status == 1
        assert err.startswith("s3://not-there: ")
    assert server.seen == []


def test_a_source_bucket_that_is_not_there_is_said_in_one_line(
    run: Any, s3: Any, folder: Path
) -> None:
    status, _, err = run("sync", "--to", str(folder), source='{ s3 = "s3://not-there/" }')

    assert status == 1
    assert err.startswith(f"{PATH} from s3://not-there/{PATH}: ")
    assert "HTTP 404" in err
    assert len(err.splitlines()) == 1


def test_an_upload_that_is_refused_goes_on_next_time(
    run: Any, s3: Any, server: ModelServer
) -> None:
    everything = "arn:aws:s3:::models-of-ours/*"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": everything}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    s3.put_bucket_policy(Bucket="models-of-ours", Policy=policy)
    status, _, err = run("sync", "--to", "s3://models-of-ours")
    assert status == 1
    assert "look at the credentials" in err
    assert "Contents" not in s3.list_objects_v2(Bucket="models-of-ours")

    s3.delete_bucket_policy(Bucket="models-of-ours")
    assert run("sync", "--to", "s3://models-of-ours")[0] == 0
    assert len(server.seen) == 1, "the file was here already, on its way"

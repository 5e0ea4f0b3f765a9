"""Secrets: how they are kept, and how another token or key takes an old one's place."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from local.cli import parser
from local.operating import init
from local.operating.init import ask_secrets, keep
from local.operating.outside import Unwell
from local.operating.place import Place
from tests.local.operating.stand_ins import APPLICATION, FILE, Others, place_in


@mock_aws
def test_secrets_are_kept_encrypted_and_may_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    keep({"/a/secret": "old"})
    keep({"/a/secret": "new"})
    client: Any = botocore.session.get_session().create_client("ssm")

    kept = client.get_parameter(Name="/a/secret", WithDecryption=True)["Parameter"]
    assert (kept["Type"], kept["Value"]) == ("SecureString", "new")


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

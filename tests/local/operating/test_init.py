"""What `distillery init` asks for, has confirmed, and writes."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from infra.settings_file import read_settings
from local.cli import parser
from local.operating import init
from local.operating.init import account, ask, ask_all, typed, written
from local.operating.outside import Unwell
from local.operating.place import CannotGoOn
from tests.local.operating.stand_ins import FILE, Others


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


def test_answers_that_end_too_soon_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a-token\n"))
    assert ask("?") == "a-token"
    with pytest.raises(CannotGoOn, match="run the same again"):
        ask("?")

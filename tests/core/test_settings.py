from __future__ import annotations

import pytest

from distillery.core.errors import ConfigError
from distillery.settings import read_settings
from lambdas.dispatcher.settings import Settings as Dispatcher
from lambdas.interactions.settings import Settings as Interactions

GOOD = {
    "TABLE_NAME": "jobs",
    "QUEUE_URL": "https://sqs/queue",
    "DISCORD_PUBLIC_KEY": "ab" * 32,
    "ATTACHMENT_ORIGINS": "https://cdn.discordapp.com, http://127.0.0.1:8000",
}


def test_settings_are_read_and_typed() -> None:
    settings = read_settings(Interactions, GOOD)
    assert settings.attachment_origins == {"https://cdn.discordapp.com", "http://127.0.0.1:8000"}


def test_what_has_a_default_may_be_left_out() -> None:
    without = {name: value for name, value in GOOD.items() if name != "ATTACHMENT_ORIGINS"}
    assert "https://cdn.discordapp.com" in read_settings(Interactions, without).attachment_origins


def test_everything_wrong_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings(
            Dispatcher,
            {
                "TABLE_NAME": "",
                "RUNPOD_SLOTS": "many",
                "SAGEMAKER_SLOTS": "0",
                "DISCORD_API_URL": "discord.com",
                "ATTACHMENT_ORIGINS": "cdn.discordapp.com/",
                "PROVIDERS": " , ",
            },
        )
    for name in (
        "TABLE_NAME",
        "BUCKET_NAME",
        "QUEUE_URL",
        "RUNPOD_SLOTS",
        "SAGEMAKER_SLOTS",
        "DISCORD_API_URL",
        "ATTACHMENT_ORIGINS",
        "PROVIDERS",
    ):
        assert name in str(caught.value)


@pytest.mark.parametrize("key", ["", "zz", "ab" * 31, "ab" * 33])
def test_a_public_key_of_another_length_is_named(key: str) -> None:
    with pytest.raises(ConfigError, match="DISCORD_PUBLIC_KEY"):
        read_settings(Interactions, {**GOOD, "DISCORD_PUBLIC_KEY": key})


def test_a_provider_that_is_chosen_must_be_known_and_set_up() -> None:
    given = {"TABLE_NAME": "t", "BUCKET_NAME": "b", "QUEUE_URL": "q"}
    with pytest.raises(ConfigError) as caught:
        read_settings(Dispatcher, {**given, "PROVIDERS": "runpod,vast,sagemaker"})
    for word in ("vast", "RUNPOD_ENDPOINT_ID", "SAGEMAKER_ENDPOINT_NAME"):
        assert word in str(caught.value)
    assert read_settings(
        Dispatcher, {**given, "PROVIDERS": "runpod", "RUNPOD_ENDPOINT_ID": "abc"}
    ).providers == ("runpod",)

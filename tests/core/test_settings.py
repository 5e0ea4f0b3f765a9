from __future__ import annotations

import pytest

from distillery.core.errors import ConfigError
from distillery.core.tier import Tier
from distillery.settings import read_settings, tiers
from lambdas.canary.settings import Settings as Canary
from lambdas.dispatcher.settings import Settings as Dispatcher
from lambdas.interactions.settings import Settings as Interactions
from lambdas.watchdog.settings import Settings as Watchdog

GOOD = {
    "TABLE_NAME": "jobs",
    "BUCKET_NAME": "files",
    "QUEUE_URL": "https://sqs/queue",
    "DISCORD_PUBLIC_KEY": "ab" * 32,
    "ATTACHMENT_ORIGINS": "https://cdn.discordapp.com, http://127.0.0.1:8000",
}


def test_settings_are_read_and_typed() -> None:
    settings = read_settings(Interactions, GOOD)
    assert settings.attachment_origins == {"https://cdn.discordapp.com", "http://127.0.0.1:8000"}


def test_what_has_a_default_may_be_left_out() -> None:
    without = {name: value for name, value in GOOD.items() if name != "ATTACHMENT_ORIGINS"}
    settings = read_settings(Interactions, without)
    assert "https://cdn.discordapp.com" in settings.attachment_origins
    assert settings.tiers == (Tier(),)


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


def test_the_canary_flies_to_every_provider_that_is_named() -> None:
    given = {"TABLE_NAME": "t", "QUEUE_URL": "q", "CANARY_PROVIDERS": "sagemaker, runpod"}
    assert read_settings(Canary, given).canary_providers == ("sagemaker", "runpod")


WATCHDOG = {
    **{"TABLE_NAME": "t", "BUCKET_NAME": "b", "QUEUE_URL": "q"},
    **{"PROVIDERS": "runpod", "RUNPOD_ENDPOINT_ID": "abc"},
}


def test_a_share_of_the_promise_is_a_part_of_a_whole() -> None:
    settings = read_settings(Watchdog, WATCHDOG)
    assert (settings.promise_seconds, settings.hedge_share) == (120, 0.5)
    assert read_settings(Watchdog, {**WATCHDOG, "HEDGE_SHARE": "1"}).hedge_share == 1


@pytest.mark.parametrize("text", ["0", "-1", "1.01", "nan", "inf", "half", "50%"])
def test_a_share_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match=r"HEDGE_SHARE is .*at most 1"):
        read_settings(Watchdog, {**WATCHDOG, "HEDGE_SHARE": text})


def test_tiers_are_read_best_first_and_what_is_left_out_is_as_usual() -> None:
    text = """[
        {"name": "patron", "weight": 2.5, "jobs_at_once": 6, "credits": null,
         "role_id": "1300000000000000009"},
        {"name": "member", "credits": 100}
    ]"""
    assert tiers(text) == (
        Tier("patron", 2.5, 6, None, "1300000000000000009"),
        Tier("member", credits=100),
    )
    assert tiers('[{"name": "member"}]') == (Tier(),)


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "null", "7", '"member"'])
def test_what_is_no_list_of_tiers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="JSON list of tiers"):
        tiers(text)


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        ("7", "it must be an object"),
        ("{}", "name is missing"),
        ('{"name": ""}', "name must be a text"),
        ('{"name": 7}', "name must be a text"),
        ('{"name": "m", "weight": 0}', "weight must be a number from 0.01 to 100"),
        ('{"name": "m", "weight": 1e9}', "weight must be a number from 0.01 to 100"),
        ('{"name": "m", "weight": NaN}', "weight must be a number"),
        ('{"name": "m", "weight": Infinity}', "weight must be a number"),
        ('{"name": "m", "weight": true}', "weight must be a number"),
        ('{"name": "m", "weight": "2"}', "weight must be a number"),
        ('{"name": "m", "jobs_at_once": 0}', "jobs_at_once must be a whole number of at least 1"),
        ('{"name": "m", "jobs_at_once": 1.5}', "jobs_at_once must be a whole number"),
        ('{"name": "m", "jobs_at_once": null}', "jobs_at_once must be a whole number"),
        ('{"name": "m", "credits": -1}', "credits must be a whole number of at least 0, or null"),
        ('{"name": "m", "credits": 1.5}', "credits must be a whole number"),
        ('{"name": "m", "role_id": 1300000000000000009}', "role_id must be the id of a Discord"),
        ('{"name": "m", "role_id": "patrons"}', "role_id must be the id of a Discord role"),
        ('{"name": "m", "role": "x"}', "role is unknown; there are name, weight"),
    ],
)
def test_a_tier_that_cannot_be_is_refused_with_what_is_allowed(tier: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"tier 1: {words}"):
        tiers(f"[{tier}]")


ROLE = '"role_id": "1300000000000000009"'


@pytest.mark.parametrize(
    "text",
    [
        f'[{{"name": "a", {ROLE}}}]',
        '[{"name": "a"}, {"name": "b"}]',
        f'[{{"name": "a"}}, {{"name": "b", {ROLE}}}]',
    ],
)
def test_the_last_tier_and_no_other_is_everybodys(text: str) -> None:
    with pytest.raises(ValueError, match="the last tier"):
        tiers(text)


def test_everything_wrong_with_tiers_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="tier 1") as caught:
        tiers('[{"weight": 0, "credits": -1}, {"name": 1, "jobs_at_once": 0}]')
    for words in (
        *("tier 1: name", "tier 1: weight", "tier 1: credits"),
        *("tier 2: name", "tier 2: jobs_at_once", "the last tier"),
    ):
        assert words in str(caught.value)

"""A dead token is never called again; an answer that it cannot bring is posted by the bot."""

from __future__ import annotations

import json

import pytest

from distillery.core.deadlines import TOKEN_LIFE_S
from distillery.core.errors import DiscordRefused, DiscordUnavailable
from distillery.core.job import Job, Origin, Outcome, Picture, Request
from distillery.core.ports import Delivery, Progress
from distillery.discord.replies import TOKEN_MARGIN_S
from local.member import words_of
from tests.adapters.discord_side import DiscordSide
from tests.adapters.scripted_server import Script

PICTURE = Picture("0_9.png", "image/png", 4, 1024, 768)
BY_TOKEN = "/webhooks/1/the-token/messages/@original"
BY_BOT = "/channels/7/messages"


@pytest.fixture
def discord(server: Script) -> DiscordSide:
    return DiscordSide(server.url)


def job(discord: DiscordSide, age_s: float) -> Job:
    created_at = discord.clock() - age_s
    started = Job(
        job_id="1300000000000000001",
        origin=Origin(application_id="1", token="the-token", user_id="42", channel_id="7"),
        request=Request(workflow="plain", values={"prompt": "@everyone", "seed": 7}),
        created_at=created_at,
    )
    outcome = Outcome(pictures=(PICTURE,))
    return started.dispatched("runpod", created_at + 1).concluded(outcome, created_at + 5, 45.0)


def paths(server: Script) -> list[str]:
    return [asked.path for asked in server.asked]


@pytest.mark.parametrize(("status", "code"), [(404, 10015), (401, 50027), (404, 10008), (404, 0)])
def test_a_dead_token_is_never_called_again(
    server: Script, discord: DiscordSide, status: int, code: int
) -> None:
    server.answers = [(status, {"code": code, "message": "no"})]
    for _ in range(3):
        with pytest.raises(DiscordRefused):
            discord.webhook.edit_original("1", "the-token", {"content": "x"})
    assert len(server.asked) == 1

    server.answers = [(200, {})]
    discord.webhook.edit_original("1", "another-token", {"content": "x"})
    assert len(server.asked) == 2


def test_a_token_that_is_unknown_yet_is_not_dead(server: Script, discord: DiscordSide) -> None:
    server.answers = [(404, {"code": 10015, "message": "no"})]
    with pytest.raises(DiscordUnavailable):
        discord.replies.show_failure(job(discord, 1.0), "no")
    server.answers = [(200, {})]
    discord.replies.show_failure(job(discord, 20.0), "no")
    assert paths(server)[-1] == BY_TOKEN


def test_a_payload_that_is_refused_does_not_bury_the_token(
    server: Script, discord: DiscordSide
) -> None:
    server.answers = [(400, {"code": 50035, "message": "no"}), (200, {})]
    with pytest.raises(DiscordRefused):
        discord.webhook.edit_original("1", "the-token", {"content": "x"})
    discord.webhook.edit_original("1", "the-token", {"content": "x"})


def test_what_is_remembered_of_dead_tokens_is_bounded(server: Script, discord: DiscordSide) -> None:
    server.answers = [(404, {"code": 10015, "message": "no"})]
    for token in [*map(str, range(1001)), "0"]:
        with pytest.raises(DiscordRefused):
            discord.webhook.edit_original("1", token, {"content": "x"})
    assert len(server.asked) == 1002
    assert "the-token" not in str(discord.webhook._dead)


def test_after_the_token_s_life_the_bot_posts_the_pictures(
    server: Script, discord: DiscordSide
) -> None:
    late = job(discord, TOKEN_LIFE_S - TOKEN_MARGIN_S + 1)
    discord.replies.show_pictures(late, [Delivery(late, PICTURE, b"data")])

    [asked] = server.asked
    assert (asked.method, asked.path) == ("POST", BY_BOT)
    assert asked.headers["Authorization"] == "Bot bot-token"
    payload = json.loads(asked.body[asked.body.index(b"{") : asked.body.rindex(b"}") + 1])
    assert payload["nonce"] == late.job_id
    assert payload["enforce_nonce"] is True
    assert payload["allowed_mentions"] == {"parse": []}
    assert "<@42>" in words_of(payload)
    assert b'name="files[0]"; filename="0_9.png"' in asked.body
    assert discord.telemetry.counts == {"AnswersByBot": 1}


def test_before_that_the_message_is_edited(server: Script, discord: DiscordSide) -> None:
    discord.replies.show_failure(job(discord, TOKEN_LIFE_S - TOKEN_MARGIN_S - 1), "no")
    assert paths(server) == [BY_TOKEN]


def test_progress_after_the_token_s_life_is_not_sent_at_all(
    server: Script, discord: DiscordSide
) -> None:
    with pytest.raises(DiscordRefused):
        discord.replies.show_progress(job(discord, TOKEN_LIFE_S), Progress(1, 50.0))
    assert server.asked == []


@pytest.mark.parametrize(("status", "code"), [(404, 10015), (401, 50027)])
def test_an_answer_whose_token_turns_out_to_be_dead_is_posted_by_the_bot(
    server: Script, discord: DiscordSide, status: int, code: int
) -> None:
    server.answers = [(status, {"code": code, "message": "no"}), (200, {})]
    discord.replies.show_failure(job(discord, 60.0), "no")
    assert paths(server) == [BY_TOKEN, BY_BOT]


def test_an_answer_whose_message_was_deleted_is_not_forced_upon_the_channel(
    server: Script, discord: DiscordSide
) -> None:
    server.answers = [(404, {"code": 10008, "message": "Unknown Message"})]
    for _ in range(2):
        with pytest.raises(DiscordRefused):
            discord.replies.show_failure(job(discord, 60.0), "no")
    assert paths(server) == [BY_TOKEN]


@pytest.mark.parametrize(("status", "code"), [(403, 50001), (404, 10003)])
def test_a_bot_that_may_not_post_says_so_for_good(
    server: Script, discord: DiscordSide, status: int, code: int
) -> None:
    server.answers = [(status, {"code": code, "message": "no"})]
    with pytest.raises(DiscordRefused, match=str(code)):
        discord.replies.show_failure(job(discord, TOKEN_LIFE_S), "no")
    assert len(server.asked) == 1
    assert "AnswersByBot" not in discord.telemetry.counts

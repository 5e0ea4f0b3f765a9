from __future__ import annotations

import json
import logging

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from distillery.core.errors import DiscordRefused, DiscordUnavailable, UserError
from distillery.core.job import Job, Origin, Outcome, Picture, Request
from distillery.core.ports import Delivery, Progress, Waiting
from distillery.discord.attachments import DiscordAttachments
from distillery.discord.http import TRIES, File
from distillery.discord.markdown import escape
from distillery.discord.webhook import WebhookClient
from local.member import words_of
from local.memory import FakeClock
from tests.adapters.discord_side import DiscordSide
from tests.adapters.scripted_server import Script

NOW = FakeClock().now
PICTURE = Picture("0_9.png", "image/png", 4, 1024, 768)


@pytest.fixture
def discord(server: Script) -> DiscordSide:
    return DiscordSide(server.url)


@pytest.fixture
def webhook(discord: DiscordSide) -> WebhookClient:
    return discord.webhook


def job(prompt: str = "a red fox", created_at: float = NOW - 60) -> Job:
    started = Job(
        job_id="1001",
        origin=Origin(application_id="1", token="the-token", user_id="42", channel_id="7"),
        request=Request(workflow="plain", values={"prompt": prompt, "seed": 7}),
        created_at=created_at,
    )
    outcome = Outcome(pictures=(PICTURE,))
    return started.dispatched("runpod", created_at + 1).concluded(outcome, created_at + 5, 45.0)


def edit(webhook: WebhookClient, *files: File) -> None:
    webhook.edit_original("1", "the-token", {"content": "hello"}, files)


def test_an_edit_goes_to_the_original_message(server: Script, webhook: WebhookClient) -> None:
    edit(webhook)
    [asked] = server.asked
    assert (asked.method, asked.path) == ("PATCH", "/webhooks/1/the-token/messages/@original")
    assert asked.json() == {"content": "hello"}


def test_files_travel_beside_the_payload(server: Script, webhook: WebhookClient) -> None:
    edit(webhook, File("a.png", "image/png", b"\x89PNG"))
    [asked] = server.asked
    assert b'name="payload_json"' in asked.body
    assert b'name="files[0]"; filename="a.png"' in asked.body
    assert b"\x89PNG" in asked.body


def test_a_rate_limit_is_waited_out(
    server: Script, webhook: WebhookClient, discord: DiscordSide
) -> None:
    server.answers = [(429, {"message": "slow", "retry_after": 0.65, "global": False}), (200, {})]
    edit(webhook)
    assert discord.waits == [pytest.approx(0.65)]
    assert len(server.asked) == 2


def test_a_long_rate_limit_is_left_for_later(server: Script, webhook: WebhookClient) -> None:
    server.answers = [(429, {"retry_after": 45.0})]
    with pytest.raises(DiscordUnavailable) as caught:
        edit(webhook)
    assert caught.value.retry_after_s == pytest.approx(45.0)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 0])
def test_a_failing_discord_is_tried_a_few_times(
    server: Script, webhook: WebhookClient, status: int
) -> None:
    server.answers = [(status, {})]
    with pytest.raises(DiscordUnavailable):
        edit(webhook)
    assert len(server.asked) == TRIES


@pytest.mark.parametrize(
    ("status", "code"), [(404, 10015), (401, 50027), (400, 50035), (413, 40005)]
)
def test_what_discord_refuses_for_good_is_never_repeated(
    server: Script, webhook: WebhookClient, status: int, code: int
) -> None:
    server.answers = [(status, {"code": code, "message": "no"})]
    with pytest.raises(DiscordRefused, match=str(code)):
        edit(webhook)
    assert len(server.asked) == 1


def test_a_message_that_discord_does_not_know_yet_is_waited_for(
    server: Script, discord: DiscordSide
) -> None:
    server.answers = [(404, {"code": 10015, "message": "Unknown Webhook"}), (200, {})]
    discord.replies.show_failure(job(created_at=NOW - 1), "no")
    assert len(server.asked) == 2
    assert discord.waits == [1.0]


def test_the_token_is_in_no_log_and_no_error(
    server: Script, webhook: WebhookClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="distillery")
    server.answers = [(0, {}), (404, {"code": 10015, "message": "Unknown Webhook"})]
    with pytest.raises(DiscordRefused) as caught:
        edit(webhook)
    ours = [record.getMessage() for record in caplog.records if "distillery" in record.name]
    assert "the-token" not in "".join(ours) + str(caught.value)


def test_pictures_replace_whatever_was_attached(server: Script, discord: DiscordSide) -> None:
    discord.replies.show_pictures(job(), [Delivery(job(), PICTURE, b"data")])
    body = server.asked[0].body
    payload = json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])
    assert payload["attachments"] == [{"id": "0", "filename": "0_9.png"}]
    assert payload["allowed_mentions"] == {"parse": []}


def test_a_failure_removes_the_preview(server: Script, discord: DiscordSide) -> None:
    discord.replies.show_failure(job(), "It failed. Try again.")
    payload = server.asked[0].json()
    assert payload["attachments"] == []
    assert "Try again." in words_of(payload)


def test_progress_that_comes_after_the_token_s_end_is_not_sent(
    server: Script, discord: DiscordSide
) -> None:
    late = job(created_at=NOW - 15 * 60)
    with pytest.raises(DiscordRefused, match="token has ended"):
        discord.replies.show_progress(late, Progress(1, 40.0))
    with pytest.raises(DiscordRefused, match="token has ended"):
        discord.replies.show_waiting(late, Waiting(2))
    assert server.asked == []


@given(st.text())
def test_escaped_text_is_one_line_without_live_markdown(text: str) -> None:
    shown = escape(text, 100)
    assert "\n" not in shown
    assert "`" not in shown.replace("\\`", "")
    assert len(shown) <= 200


def test_an_attachment_is_fetched_from_its_origin(server: Script) -> None:
    server.answers = [(200, b"picture")]
    attachments = DiscordAttachments(urllib3.PoolManager(), frozenset({server.url}))
    assert attachments.fetch(f"{server.url}/attachments/1/a.png?ex=1", 7) == b"picture"


@pytest.mark.parametrize("status", [301, 302, 403, 404, 500])
def test_an_attachment_that_is_not_there_or_elsewhere_is_refused(
    server: Script, status: int
) -> None:
    server.answers = [(status, b"")]
    attachments = DiscordAttachments(urllib3.PoolManager(), frozenset({server.url}))
    with pytest.raises(UserError, match="Attach it again"):
        attachments.fetch(f"{server.url}/a.png", 7)
    assert len(server.asked) == 1


def test_an_attachment_larger_than_announced_is_not_kept(server: Script) -> None:
    server.answers = [(200, b"x" * 8)]
    attachments = DiscordAttachments(urllib3.PoolManager(), frozenset({server.url}))
    with pytest.raises(UserError, match="larger"):
        attachments.fetch(f"{server.url}/a.png", 7)


def test_another_origin_is_never_asked(server: Script) -> None:
    attachments = DiscordAttachments(
        urllib3.PoolManager(), frozenset({"https://cdn.discordapp.com"})
    )
    with pytest.raises(UserError, match="another place"):
        attachments.fetch(f"{server.url}/a.png", 7)
    assert server.asked == []

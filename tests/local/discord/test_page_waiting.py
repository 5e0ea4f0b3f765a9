"""The page while a request waits, as our own looks draw it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from distillery.core.job import Job, Origin, Request
from distillery.core.ports import Waiting
from distillery.discord.looks import Looks
from tests.local.discord.discord_kit import SERVE, Application, Client
from tests.local.discord.opened_page import opened_page

NOW = 1_800_000_000.0
JOB = Job(
    "1001",
    Origin("1", "token", "1200000000000000001", "7"),
    Request("sdxl", {"prompt": "a patient tortoise"}),
    NOW,
)
IN_LINE, STARTING = JOB.admitted(1.0, NOW), JOB.dispatched("runpod", NOW)


@pytest_asyncio.fixture(loop_scope="session")
async def page(client: Client, application: Application, browser: Browser) -> AsyncIterator[Page]:
    which = {"type": 3, "name": "which", "description": "Which", "required": False}
    choices = [{"name": "all", "value": "all"}, {"name": "latest", "value": "latest"}]
    cancel = {"name": "cancel", "description": "End", "options": [{**which, "choices": choices}]}
    await client.register(SERVE, cancel)
    async with opened_page(client, browser) as page:
        yield page


@pytest.mark.parametrize(
    ("job", "locale", "waiting", "words"),
    [
        (IN_LINE, "", Waiting(2, 41.6), "Place 3 in the line · about 42 s"),
        (IN_LINE, "fr", Waiting(2, 41.6), "Place 3 dans la file · environ 42 s"),
        (STARTING, "", Waiting(seconds=90.0), "A GPU is waking up: about 90 s the first time"),
        (
            STARTING,
            "ja",
            Waiting(seconds=90.0),
            "GPU を起動しています。初回は約 90 秒かかります",
        ),
    ],
)
async def test_a_member_sees_how_their_request_waits(
    page: Page, client: Client, job: Job, locale: str, waiting: Waiting, words: str
) -> None:
    used: dict[str, Any] = await client.use(prompt="a patient tortoise")
    asked = replace(job, origin=replace(job.origin, locale=locale))
    edit = Looks().waiting(asked, waiting)
    answered = await client.webhook("PATCH", used["token"], edit)
    assert answered.status == 200

    message = page.locator(".message").last
    await expect(message).to_contain_text(words)
    await expect(message.get_by_role("button", name="Cancel")).to_have_count(int(locale == ""))
    await expect(message.locator(".gallery")).to_have_count(0)


async def test_a_pasted_command_that_needs_no_option_keeps_those_it_has(
    page: Page, application: Application
) -> None:
    application.answer = lambda _: {
        "type": 4,
        "data": {"content": "Done.", "flags": 64, "allowed_mentions": {"parse": []}},
    }
    await page.get_by_role("combobox", name="Message #pictures").focus()
    await page.keyboard.insert_text("/cancel which: all")
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("Done.", exact=True)).to_be_visible()
    assert application.seen[-1]["data"]["options"] == [{"name": "which", "type": 3, "value": "all"}]

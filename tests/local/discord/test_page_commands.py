"""The commands that are answered at once, as members meet them on the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from distillery.core.job import Job, Origin, Outcome, Picture, Request
from distillery.core.list_jobs import Standing
from distillery.discord import listings
from distillery.discord.commands import all_commands
from distillery.discord.responses import private
from distillery.recipe_files import load_recipes
from tests.local.discord.discord_kit import Application, Client, FakeClock
from tests.local.discord.opened_page import opened_page, play

ROOT = Path(__file__).parents[3]
A_PICTURE = ROOT / "docs/images/page.png"
RECIPES = load_recipes(ROOT / "workflows")
PICTURE = Picture("0_9.png", "image/png", 4)


@pytest_asyncio.fixture(loop_scope="session")
async def page(client: Client, application: Application, browser: Browser) -> AsyncIterator[Page]:
    """The page of a Discord with the real commands; a fault in its scripts fails the test."""
    await client.register(*all_commands(RECIPES))
    async with opened_page(client, browser) as page:
        yield page
    assert (await client.control("violations")).json == []


def a_job(prompt: str, now: float) -> Job:
    return Job("1001", Origin("1", "t", "42", "7"), Request("plain", {"prompt": prompt}), now)


async def choose(page: Page, typed: str) -> None:
    """Type the beginning of a command and take what is offered."""
    await page.get_by_role("combobox", name="Message #pictures").focus()
    await page.keyboard.type(typed)
    await page.keyboard.press("Enter")


async def test_all_four_commands_are_offered(page: Page) -> None:
    await page.get_by_role("combobox", name="Message #pictures").focus()
    await page.keyboard.type("/")
    for name in ("/cancel", "/history", "/queue", "/serve"):
        await expect(page.get_by_role("option", name=name)).to_be_visible()


async def test_the_queue_is_drawn_for_its_member_alone(
    page: Page, application: Application, clock: FakeClock
) -> None:
    waiting = a_job("a **red** fox", clock())
    running = a_job("an owl", clock() - 12).dispatched("runpod", clock() - 12)
    words = listings.queue([Standing(waiting, place=2), Standing(running)], 7, clock())
    application.answer = lambda interaction: private(words)
    await choose(page, "/que")
    await page.keyboard.press("Enter")

    await expect(page.locator(".content .bullet")).to_have_text(
        ["a **red** fox · place 3 in the line", "an owl · at a GPU for 12 s"]
    )
    await expect(page.locator(".content .subtext")).to_have_text("You have 7 credits left.")
    await expect(page.get_by_text("Only you can see this")).to_be_visible()
    await play(page, "Barley")
    await expect(page.locator(".content")).to_have_count(0)


async def test_cancel_offers_which_requests_to_call_off(
    page: Page, application: Application
) -> None:
    application.answer = lambda interaction: private(listings.cancelled(3))
    await choose(page, "/can")
    await page.keyboard.type("which:")
    for choice in ("latest", "all"):
        await expect(page.get_by_role("option", name=choice, exact=True)).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")

    await expect(page.locator(".content")).to_have_text(
        "Cancelled 3 requests. Nothing was charged."
    )
    assert application.seen[0]["data"]["options"] == [{"name": "which", "type": 3, "value": "all"}]


async def test_the_history_shows_its_pictures_and_links_to_them(
    page: Page, application: Application, clock: FakeClock
) -> None:
    job = a_job("a red fox", clock()).dispatched("runpod", clock())
    job = job.concluded(Outcome(pictures=(PICTURE,)), clock(), 1.0).delivered(clock())
    address = f"http://127.0.0.1:9/0_9.png?signed={'x' * 1500}"
    await page.route(address, lambda route: route.fulfill(path=A_PICTURE))
    history = listings.history([job], lambda job, picture: address)
    application.answer = lambda interaction: private(history.content, history.embeds)
    await choose(page, "/his")
    await page.keyboard.press("Enter")

    await expect(page.locator(".content")).to_contain_text("1. a red fox · 1 picture · ")
    await expect(page.locator(".content time")).to_have_count(1)
    link = page.get_by_role("link", name="Request 1, picture 1")
    await expect(link).to_have_attribute("href", address)
    small = page.locator(".embed .thumbnail")
    assert await small.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0

"""The page of the local Discord, open in a browser; a fault in its scripts fails the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, expect

from tests.local.discord.discord_kit import Client
from tests.until import SOON_S

SOON_MS = SOON_S * 1000
expect.set_options(timeout=SOON_MS)


@asynccontextmanager
async def opened_page(client: Client, browser: Browser) -> AsyncIterator[Page]:
    """Open the page as Juniper sees it."""
    faults: list[str] = []
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(SOON_MS)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    await page.goto(client.url)
    await expect(page.locator("body[data-member=juniper]")).to_be_visible()
    yield page
    await page.close()
    assert faults == [], faults


async def play(page: Page, name: str) -> None:
    """Go on as another member, and wait until the page is theirs."""
    await page.get_by_role("radio", name=name).check()
    await expect(page.locator(f"body[data-member={name.lower()}]")).to_be_visible()

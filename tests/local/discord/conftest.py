"""A stand-in Discord on a free port, an application behind it, and one browser for all tests.

One event loop serves the whole folder, because the browser has to live in the loop of the tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, async_playwright

from local.discord.app import listen
from local.discord.state import Discord
from tests.local.browser import FLAGS, browser_path
from tests.local.discord.discord_kit import SETTINGS, Application, Client, FakeClock

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture(loop_scope="session")
async def discord(clock: FakeClock) -> AsyncIterator[Discord]:
    async with listen(SETTINGS, clock=clock) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def client(discord: Discord) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as http:
        yield Client(discord, http)


@pytest_asyncio.fixture(loop_scope="session")
async def application(discord: Discord) -> AsyncIterator[Application]:
    """An application whose URL was already taken by the portal."""
    application = Application()
    app = web.Application()
    app.router.add_post("/interactions", application.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    application.url = f"http://127.0.0.1:{runner.addresses[0][1]}/interactions"
    discord.interactions_url = application.url
    yield application
    await runner.cleanup()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium of this machine."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield browser
        await browser.close()

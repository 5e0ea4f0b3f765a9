"""The view of the GPU cloud on the page, with the real switchboard behind it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from local.discord.app import listen
from local.gpu_cloud.control import ControlApi
from local.gpu_cloud.faults import Faults, Provider
from local.gpu_cloud.rekognition_api import RekognitionApi
from local.gpu_cloud.submissions import Submissions
from tests.local.discord.discord_kit import SETTINGS, Client
from tests.local.discord.opened_page import opened_page


def job(state: str, **more: Any) -> dict[str, Any]:
    return {
        "job_id": "1",
        "state": state,
        "attempt": 1,
        "losses": 0,
        "member": "1200000000000000002",
        "provider": None,
        "workflow": "plain",
        "error_kind": None,
        "times": {"created": time.time()},
        **more,
    }


@pytest.fixture
def jobs() -> list[dict[str, Any]]:
    return [job("QUEUED")]


@pytest.fixture
def faults() -> Faults:
    return Faults(changed=lambda: None)


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, faults: Faults, jobs: list[dict[str, Any]]) -> AsyncIterator[Page]:
    """The page of a Discord with a GPU cloud behind it."""

    async def list_jobs() -> list[dict[str, Any]]:
        return jobs

    app = web.Application()
    app.add_routes(ControlApi(faults, Submissions(time.time), list_jobs).routes())
    app.add_routes(RekognitionApi().routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/control"
    async with (
        listen(dataclasses.replace(SETTINGS, cloud_url=url)) as discord,
        aiohttp.ClientSession() as http,
        opened_page(Client(discord, http), browser) as page,
    ):
        yield page
    await runner.cleanup()


async def test_the_picture_check_is_told_what_to_find(page: Page) -> None:
    await page.get_by_role("link", name="GPU cloud").click()
    switch = page.get_by_role("combobox", name="What the picture check finds")
    await expect(switch).to_have_value("fit")
    await switch.select_option("Unfit")
    await expect(page.get_by_text("Every picture is found unfit")).to_be_visible()
    await expect(switch).to_have_value("unfit")


async def test_a_fault_is_switched_on_beside_the_channel(page: Page, faults: Faults) -> None:
    await page.get_by_role("link", name="GPU cloud").click()
    switch = page.get_by_role("combobox", name="Fault of SageMaker")
    await expect(switch).to_have_value("ok")
    await switch.select_option("Down")
    await expect(page.get_by_text("Every call is answered 503, nothing runs")).to_be_visible()
    assert faults.of(Provider.SAGEMAKER).mode == "down"
    assert faults.of(Provider.RUNPOD).mode == "ok"


async def test_the_jobs_are_followed_while_they_change(
    page: Page, jobs: list[dict[str, Any]]
) -> None:
    await page.get_by_role("link", name="GPU cloud").click()
    shown = page.get_by_role("region", name="Jobs")
    await expect(shown.locator(".state")).to_have_text(["queued"])
    await expect(shown.locator(".job small")).to_have_text("Barley")
    jobs[:] = [job("DISPATCHED", provider="runpod", attempt=2), job("QUEUED")]

    await expect(shown.locator(".state")).to_have_text(["queued", "dispatched"])
    await expect(shown.locator(".job small").last).to_have_text("Barley · Runpod · attempt 2")
    await expect(shown.locator(".figure b")).to_have_text(["1", "1", "0", "0"])


async def test_the_view_has_an_address_and_covers_a_narrow_page(page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"{page.url}#cloud")
    panel = page.get_by_role("complementary", name="Behind the scenes")
    await expect(panel.get_by_role("heading", name="GPU cloud")).to_be_visible()
    sizes: Any = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert sizes[0] <= sizes[1]
    await panel.get_by_role("link", name="Close GPU cloud").click()

    await expect(panel).to_be_hidden()
    await expect(page.get_by_role("heading", name="pictures", exact=True)).to_be_visible()

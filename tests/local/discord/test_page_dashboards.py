"""The page of the dashboards in a real browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.local.discord.discord_kit import Client

TIMES = [1_790_000_000.0 + 30 * n for n in range(20)]


def series(label: str, *values: float | None, of_aws: bool = False) -> dict[str, Any]:
    return {"label": label, "values": [*values, *[None] * (20 - len(values))], "of_aws": of_aws}


def graph(title: str, *shown: dict[str, Any], **more: Any) -> dict[str, Any]:
    usual = {"lowest": 0, "highest": None, "stacked": False, "bars": False, "limits": []}
    place = {"x": 0, "y": 2, "width": 12, "height": 6}
    return {
        "kind": "graph",
        "title": title,
        "unit": "jobs",
        "series": shown,
        **place,
        **usual,
        **more,
    }


FIGURES = {
    **{"kind": "figures", "title": "Time to answer", "x": 0, "y": 2, "width": 8, "height": 4},
    "series": [{"label": "median", "values": [12.345]}, {"label": "success", "values": [None]}],
}
TABLE = {
    **{"kind": "table", "title": "Failed, by reason", "x": 12, "y": 8, "width": 12, "height": 6},
    **{"columns": ["reason", "failed"], "rows": [["<b>lost</b>", 3.0], ["too_late", 1.0]]},
}
HEADING = {
    **{"kind": "text", "heading": "Service", "text": "Is it answered?", "title": ""},
    **{"x": 0, "y": 0, "width": 24, "height": 2},
}


@asynccontextmanager
async def shown(
    client: Client,
    browser: Browser,
    *widgets: dict[str, Any],
    alarms: tuple[dict[str, Any], ...] = (),
    width: int = 1280,
) -> AsyncIterator[Page]:
    async def read() -> dict[str, Any]:
        dashboards = [{"name": "Distillery", "widgets": list(widgets)}]
        return {"alarms": alarms, "period_s": 30, "times": TIMES, "dashboards": dashboards}

    client.discord.dashboards = read
    faults: list[str] = []
    page = await browser.new_page(viewport={"width": width, "height": 800})
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.goto(f"{client.url}/dashboards")
    yield page
    await page.close()
    assert faults == []


async def test_a_section_a_figure_and_a_table_are_shown_as_text(
    client: Client, browser: Browser
) -> None:
    dollars = {
        **{**FIGURES, "title": "Spent", "x": 8},
        "series": [{"label": "runpod, $", "values": [0.0018712]}],
    }
    async with shown(client, browser, HEADING, FIGURES, dollars, TABLE) as page:
        spent = page.get_by_role("region", name="Spent")
        await expect(spent).to_have_text("Spent$0.00187runpod")
        await expect(page.get_by_role("heading", name="Service")).to_be_visible()
        await expect(page.get_by_role("link", name="Service")).to_be_visible()
        figures = page.get_by_role("region", name="Time to answer")
        await expect(figures).to_contain_text("12.35 s")
        await expect(figures).to_contain_text("–")
        await expect(page.get_by_role("cell", name="<b>lost</b>")).to_be_visible()
        await expect(page.get_by_text("each point 30 s")).to_be_visible()


def alarm(
    name: str, *parts: str, rings: bool, wakes: bool = False, latest: float | None = None
) -> dict[str, Any]:
    condition = "above 0 in 2 of 3 spans of 5 minutes"
    told = {"condition": condition, "text": "It is so.", "runbook": "docs/operations.md#it"}
    return {
        **{"name": name, "parts": parts, "rings": rings, "wakes": wakes, "latest": latest},
        **told,
    }


async def test_alarms_that_ring_are_shown_at_once(client: Client, browser: Browser) -> None:
    alarms = (
        alarm("Distillery-dead-letters", rings=True, wakes=True, latest=3.0),
        alarm("Distillery-no-provider", rings=False),
    )
    async with shown(client, browser, HEADING, alarms=alarms) as page:
        await expect(page.get_by_text("1 of 2 ring")).to_be_visible()
        row = page.get_by_role("row", name="dead-letters")
        for text in ("rings", "3", "look now", "It is so."):
            await expect(row).to_contain_text(text)
        quiet = page.get_by_role("row", name="no-provider")
        await expect(quiet).to_contain_text("quiet")
        await expect(quiet).not_to_contain_text("look now")


async def test_on_a_phone_an_alarm_is_read_without_scrolling(
    client: Client, browser: Browser
) -> None:
    alarms = (alarm("Distillery-discord-is-answered-late-or-with-errors", rings=True, latest=3.0),)
    async with shown(client, browser, HEADING, alarms=alarms, width=390) as page:
        row = page.get_by_role("row").filter(has_text="discord-is-answered")
        for text in ("rings", "It is so.", "above 0 in 2 of 3", "3"):
            box = await row.get_by_text(text, exact=text == "3").first.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390


async def test_alarms_that_are_quiet_are_told_of_in_one_line(
    client: Client, browser: Browser
) -> None:
    alarms = (alarm("Distillery-no-provider", rings=False),)
    async with shown(client, browser, HEADING, alarms=alarms) as page:
        await expect(page.get_by_text("all 1 are quiet")).to_be_visible()
        await expect(page.get_by_role("row", name="no-provider")).to_be_hidden()
        await page.get_by_text("all 1 are quiet").click()
        await expect(page.get_by_role("row", name="no-provider")).to_be_visible()


async def test_a_graph_is_drawn_and_tells_its_values_under_the_pointer(
    client: Client, browser: Browser
) -> None:
    widget = graph(
        "Jobs",
        series("runpod", 1, 2, None, 4),
        series("sagemaker", 3),
        limits=[{"value": 5, "label": "all slots"}],
    )
    async with shown(client, browser, widget) as page:
        drawn = page.get_by_role("img", name="Jobs, in jobs")
        await expect(drawn.locator("circle")).to_have_count(4)
        await expect(drawn.get_by_text("all slots")).to_be_visible()
        box = await drawn.bounding_box()
        assert box
        await page.mouse.move(box["x"] + box["width"] * (44 + 0.5 * 24.9) / 552, box["y"] + 50)
        await expect(page.locator(".told")).to_have_text(
            re.compile(r"\d\d:\d\drunpod: 1 jobssagemaker: 3 jobs")
        )


async def test_stacked_series_stand_on_each_other(client: Client, browser: Browser) -> None:
    widget = graph("Time", series("queue", 2), series("generate", 6), stacked=True)
    async with shown(client, browser, widget) as page:
        bars = page.get_by_role("img").locator("rect")
        await expect(bars).to_have_count(2)
        over, under = [
            {name: float(await bars.nth(n).get_attribute(name) or 0) for name in ("y", "height")}
            for n in range(2)
        ]
        assert over["y"] + over["height"] == pytest.approx(under["y"])
        assert over["height"] == pytest.approx(3 * under["height"])


async def test_what_has_no_values_says_so(client: Client, browser: Browser) -> None:
    widgets = (
        graph("Ours", series("a")),
        graph("Theirs", series("backlog", of_aws=True), x=12),
    )
    async with shown(client, browser, *widgets) as page:
        await expect(page.get_by_role("region", name="Ours")).to_contain_text("Nothing so far")
        await expect(page.get_by_role("region", name="Theirs")).to_contain_text("AWS tells this")


async def test_on_a_phone_everything_stands_in_one_column(client: Client, browser: Browser) -> None:
    widgets = (HEADING, FIGURES, graph("Jobs", series("runpod", 1, 2), x=12), TABLE)
    async with shown(client, browser, *widgets, width=390) as page:
        await expect(page.get_by_role("region", name="Jobs")).to_be_visible()
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        for name in ("Time to answer", "Jobs", "Failed, by reason"):
            box = await page.get_by_role("region", name=name).bounding_box()
            assert box
            assert box["width"] > 340


async def test_before_the_service_is_deployed_the_page_says_so(
    client: Client, browser: Browser
) -> None:
    client.discord.dashboards = None
    page = await browser.new_page()
    await page.goto(f"{client.url}/dashboards")
    await expect(page.get_by_text("not deployed yet")).to_be_visible()
    await page.close()


async def test_the_channel_leads_to_the_dashboards(client: Client, browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    await page.goto(client.url)
    await page.get_by_role("link", name="Dashboards").click()
    await expect(page).to_have_url(re.compile("/dashboards$"))
    await page.close()

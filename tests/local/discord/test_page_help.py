"""`/help` on the page, with so many workflows that it has pages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from distillery.core.recipes.recipe import Recipe
from distillery.discord.commands import all_commands
from distillery.discord.interaction import HELP, InteractionType, parse_interaction
from distillery.discord.translation import Words
from distillery.recipe_files import load_recipes
from lambdas.interactions.help import Help
from tests.local.discord.discord_kit import Application, Client, Json
from tests.local.discord.opened_page import opened_page

SHIPPED = load_recipes(Path(__file__).parents[3] / "workflows")
MANY: dict[str, Recipe] = {
    f"{name}_{number}": recipe for number in range(3) for name, recipe in SHIPPED.items()
}


@pytest_asyncio.fixture(loop_scope="session")
async def page(client: Client, application: Application, browser: Browser) -> AsyncIterator[Page]:
    """The page of a Discord in which `/help` answers as it does on AWS."""
    commands = all_commands(SHIPPED)
    help_ = Help(MANY, lambda: commands, lambda _: Words())

    def answer(sent: Json) -> Json:
        interaction = parse_interaction(json.dumps(sent).encode())
        is_click = interaction.type is InteractionType.MESSAGE_COMPONENT
        replies = help_.components() if is_click else help_.by_name()
        return dict(replies[HELP](interaction))

    await client.register(*(command for command in commands if command["name"] == HELP))
    application.answer = answer
    async with opened_page(client, browser) as page:
        yield page


async def test_help_is_turned_page_by_page(page: Page) -> None:
    await page.get_by_role("combobox", name="Message ").focus()
    await page.keyboard.insert_text("/help ")
    await page.keyboard.press("Enter")
    told = page.locator(".message.ephemeral")
    await expect(told).to_contain_text("Page 1 of 2")
    first = await told.locator(".content").inner_text()
    await expect(told.get_by_role("button", name="Back")).to_have_count(0)
    await told.get_by_role("button", name="Further").click()
    await expect(told).to_contain_text("Page 2 of 2")
    await expect(told).to_contain_text("In the menu of a message, under Apps")
    await expect(told.get_by_role("button", name="Further")).to_have_count(0)
    await told.get_by_role("button", name="Back").click()
    await expect(told).to_contain_text("Page 1 of 2")

    await expect(told).to_have_count(1)
    assert (await told.locator(".content").inner_text()).startswith(first.removesuffix("(edited)"))

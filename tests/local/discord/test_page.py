"""The page in a real browser, used as members use it: mostly by keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.local.discord.discord_kit import SERVE, Application, Client, Json, picture, says
from tests.local.discord.opened_page import opened_page, play
from tests.until import SOON_S

DRAFT = "Message #pictures"
BUTTONS: list[Json] = [
    {
        "type": 1,
        "components": [{"type": 2, "style": 2, "label": "Again", "custom_id": "again"}],
    }
]


@pytest_asyncio.fixture(loop_scope="session")
async def page(client: Client, application: Application, browser: Browser) -> AsyncIterator[Page]:
    """The page of a Discord with `/serve`; a fault in its scripts fails the test."""
    await client.register(SERVE)
    async with opened_page(client, browser) as page:
        yield page


async def type_serve(page: Page, prompt: str) -> None:
    await page.get_by_role("combobox", name=DRAFT).focus()
    await page.keyboard.type("/ser")
    await page.keyboard.press("Enter")
    await page.keyboard.type(prompt)


async def token_of(application: Application) -> str:
    """Wait until the application was asked."""
    async with asyncio.timeout(SOON_S):
        await application.asked.wait()
    return str(application.seen[-1]["token"])


async def test_serve_by_keyboard_alone_thinks_and_then_shows_the_picture(
    page: Page, client: Client, application: Application
) -> None:
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the message box")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("/")
    await expect(page.get_by_role("option", name="/serve Ask for a picture")).to_be_visible()
    await page.keyboard.press("Enter")
    await page.keyboard.type("a red fox")
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("Distillery is thinking…")).to_be_visible()
    await expect(page.locator(".used")).to_contain_text("Juniper used /serve")
    token = await token_of(application)
    await client.webhook("PATCH", token, says("**done**"), {0: ("0_9.png", picture())})
    shown = page.get_by_role("img", name="0_9.png")
    await expect(shown).to_be_visible()
    assert await shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 32
    await expect(page.locator(".content strong")).to_have_text("done")
    await expect(page.get_by_text("Distillery is thinking…")).to_have_count(0)
    assert application.seen[0]["data"]["options"] == [
        {"name": "prompt", "type": 3, "value": "a red fox"}
    ]
    assert (await client.control("violations")).json == []


async def test_a_newcomer_is_offered_a_line_to_begin_with(
    page: Page, application: Application
) -> None:
    await page.get_by_role("button", name="/serve prompt: a red fox in snow").click()
    await page.keyboard.press("Enter")
    await token_of(application)

    [prompt] = application.seen[-1]["data"]["options"]
    assert prompt["value"] == "a red fox in snow"


async def test_optional_options_are_added_and_picked_by_keyboard(
    page: Page, application: Application
) -> None:
    await type_serve(page, "a fox")
    await page.keyboard.press("Tab")
    await page.keyboard.type("work")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.keyboard.type("steps:20")
    await page.keyboard.press("Enter")
    await token_of(application)

    values = {one["name"]: one["value"] for one in application.seen[0]["data"]["options"]}
    assert values == {"prompt": "a fox", "workflow": "t2i", "steps": 20}


async def test_a_pasted_line_fills_the_options_it_names(
    page: Page, application: Application
) -> None:
    await page.get_by_role("combobox", name=DRAFT).focus()
    await page.keyboard.insert_text("/serve prompt: a red fox steps: 20 private: true")
    await page.keyboard.press("Enter")
    await token_of(application)

    values = {one["name"]: one["value"] for one in application.seen[0]["data"]["options"]}
    assert values == {"prompt": "a red fox", "steps": 20, "private": True}


async def test_a_command_without_options_is_sent_with_a_second_enter(
    page: Page, client: Client, application: Application
) -> None:
    await client.register(SERVE, {"name": "balance", "description": "What is left"})
    await page.get_by_role("combobox", name=DRAFT).focus()
    await page.keyboard.type("/bal")
    await expect(page.get_by_role("option", name="/balance What is left")).to_be_visible()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await token_of(application)

    assert application.seen[0]["data"]["name"] == "balance"


async def test_a_value_outside_its_bounds_is_not_sent(page: Page, application: Application) -> None:
    await type_serve(page, "a fox steps:")
    await expect(page.get_by_text("Whole number · optional · 1 to 60")).to_be_visible()
    await page.keyboard.type("99")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("alert").filter(has_text="Must be 60 or less.")).to_be_visible()
    assert application.seen == []


async def test_a_required_option_is_asked_for(page: Page, application: Application) -> None:
    await type_serve(page, "")
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("This option is required. Specify a value.")).to_be_visible()
    assert application.seen == []


async def test_escape_and_backspace_lead_back_to_plain_chat(page: Page) -> None:
    await type_serve(page, "")
    await page.keyboard.press("Backspace")
    await expect(page.get_by_role("combobox", name=DRAFT)).to_be_focused()
    await page.keyboard.type("hello **all**")
    await page.keyboard.press("Enter")

    await expect(page.locator(".content")).to_have_text("hello all")
    await expect(page.locator(".content strong")).to_have_text("all")


async def test_a_file_is_attached_and_reaches_the_application(
    page: Page, client: Client, application: Application
) -> None:
    await type_serve(page, "a fox image:")
    await page.locator(".chip input[type=file]").set_input_files(
        [{"name": "fox.png", "mimeType": "image/png", "buffer": picture()}]
    )
    await expect(page.get_by_text("fox.png")).to_be_visible()
    await page.keyboard.press("Enter")
    await token_of(application)

    attachments = application.seen[0]["data"]["resolved"]["attachments"]
    (attachment,) = attachments.values()
    served = await client.call("GET", attachment["url"].removeprefix(client.url))
    assert (attachment["filename"], served.json) == ("fox.png", picture())


async def test_a_dropped_file_fills_the_attachment_option(page: Page) -> None:
    await type_serve(page, "a fox")
    await page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["x"], "dropped.png", { type: "image/png" }));
          dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
        }"""
    )

    await expect(page.get_by_text("dropped.png")).to_be_visible()


async def test_a_refusal_is_seen_by_its_member_only_and_can_be_dismissed(
    page: Page, application: Application
) -> None:
    application.answer = lambda interaction: {"type": 4, "data": says("Not that.", flags=64)}
    await type_serve(page, "something bad")
    await page.keyboard.press("Enter")
    await expect(page.locator(".content")).to_have_text("Not that.")
    await expect(page.get_by_text("Only you can see this")).to_be_visible()

    await play(page, "Barley")
    await expect(page.get_by_text("Not that.")).to_have_count(0)

    await play(page, "Juniper")
    await page.get_by_role("button", name="Dismiss message").click()
    await expect(page.locator(".content")).to_have_count(0)


async def test_another_member_asks_under_another_name(page: Page, application: Application) -> None:
    await play(page, "Oak")
    await type_serve(page, "a fox")
    await page.keyboard.press("Enter")

    await expect(page.locator(".used")).to_contain_text("Oak used /serve")
    await token_of(application)
    assert application.seen[0]["member"]["user"]["username"] == "oak"


@pytest.mark.parametrize("text", ["<script>window.broken = 1</script>", "<img src=x onerror=a()>"])
async def test_markup_in_a_message_stays_text(
    page: Page, client: Client, application: Application, text: str
) -> None:
    await type_serve(page, text)
    await page.keyboard.press("Enter")
    await client.webhook("PATCH", await token_of(application), says(f"**{text}** dpmpp\\_2m"))

    await expect(page.locator(".content strong")).to_have_text(text)
    await expect(page.locator(".content")).to_contain_text("dpmpp_2m")
    assert await page.evaluate("window.broken") is None
    assert await page.locator(".messages script, .content img").count() == 0


async def test_no_answer_shows_that_the_application_did_not_respond(
    page: Page, application: Application
) -> None:
    application.answer = lambda interaction: {"type": 99}
    await type_serve(page, "a fox")
    await page.keyboard.press("Enter")

    await expect(page.locator(".notice")).to_have_text("The application did not respond")


async def test_a_button_sends_its_interaction(
    page: Page, client: Client, application: Application
) -> None:
    await type_serve(page, "a fox")
    await page.keyboard.press("Enter")
    token = await token_of(application)
    await client.webhook("PATCH", token, says("done", components=BUTTONS))
    application.answer = lambda interaction: {"type": 7, "data": says("again", components=[])}
    await page.get_by_role("button", name="Again").click()

    await expect(page.locator(".content")).to_have_text("again (edited)")
    assert application.seen[-1]["data"]["custom_id"] == "again"


async def test_a_picture_opens_large_and_arrow_keys_go_through_the_gallery(
    page: Page, client: Client
) -> None:
    files = {0: ("one.png", picture("red")), 1: ("two.png", picture("blue"))}
    await client.webhook("PATCH", "own", says("two"), files)
    await page.get_by_role("button", name="Enlarge one.png").click()
    dialog = page.get_by_role("dialog", name="Picture")
    await expect(dialog.get_by_role("img", name="one.png")).to_be_visible()
    await page.keyboard.press("ArrowRight")
    await expect(dialog.get_by_role("img", name="two.png")).to_be_visible()
    await page.keyboard.press("Escape")

    await expect(dialog).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1280])
async def test_nothing_is_cut_off_at_the_side(page: Page, client: Client, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 740})
    await client.webhook("PATCH", "own", says("x" * 500), {0: ("one.png", picture())})
    await type_serve(page, "word " * 40)

    sizes: Any = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert sizes[0] <= sizes[1]


async def test_on_a_narrow_page_members_are_behind_the_menu(page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.get_by_role("radio", name="Barley")).to_be_hidden()
    await page.get_by_role("button", name="Open the menu").click()
    await play(page, "Barley")

    await expect(page.get_by_role("button", name="Open the menu")).to_have_attribute(
        "aria-expanded", "false"
    )

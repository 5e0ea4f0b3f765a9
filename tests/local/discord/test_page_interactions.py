"""What members do with a message on the page: buttons, menus, forms, its own menu; and where."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.local.discord.discord_kit import (
    NOBODY,
    SERVE,
    Application,
    Client,
    Json,
    picture,
    says,
)
from tests.local.discord.opened_page import opened_page, play
from tests.local.discord.test_discord_forms import ADMIN, MODAL, PAINT, UPSCALE, suggestions

V2 = 1 << 15
MODERATE: Json = ADMIN | {"default_member_permissions": str(1 << 5)}


@pytest_asyncio.fixture(loop_scope="session")
async def page(client: Client, application: Application, browser: Browser) -> AsyncIterator[Page]:
    """The page of a Discord with commands; a fault in its scripts fails the test."""
    await client.register(SERVE, PAINT, MODERATE, UPSCALE)
    async with opened_page(client, browser) as page:
        yield page


def button(label: str, custom_id: str, style: int = 2) -> Json:
    return {"type": 2, "style": style, "label": label, "custom_id": custom_id}


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def menu(**fields: Any) -> Json:
    options = [{"label": f"Picture {n}", "value": str(n)} for n in (1, 2, 3)]
    return {"type": 3, "custom_id": "menu", "placeholder": "Which?", "options": options, **fields}


def container(*components: Json) -> Json:
    boxed = {"type": 17, "accent_color": 0x5865F2, "components": list(components)}
    return {"flags": V2, "components": [boxed], "allowed_mentions": NOBODY}


def gallery(*names: str, spoiler: bool = False) -> Json:
    items = [{"media": {"url": f"attachment://{name}"}, "spoiler": spoiler} for name in names]
    return {"type": 12, "items": items}


def text(content: str) -> Json:
    return {"type": 10, "content": content}


async def show(client: Client, *components: Json, files: Any = None) -> None:
    """Let the bot show components, as the edit of one message."""
    edited = await client.webhook("PATCH", "own", container(*components), files)
    assert edited.status == 200, edited.json


async def test_a_button_without_an_answer_says_that_the_interaction_failed(
    page: Page, client: Client, application: Application
) -> None:
    await show(client, row(button("Again", "again")))
    application.answer = lambda interaction: {"type": 99}
    await page.get_by_role("button", name="Again").click()
    await expect(page.get_by_text("This interaction failed")).to_be_visible()

    application.answer = lambda interaction: {"type": 6}
    await page.get_by_role("button", name="Again").click()
    await expect(page.get_by_text("This interaction failed")).to_have_count(0)


async def test_a_button_s_private_answer_refers_to_its_message(
    page: Page, client: Client, application: Application
) -> None:
    await show(client, text("**a fox**"), row(button("Info", "info")))
    application.answer = lambda interaction: {"type": 4, "data": says("Seed 7.", flags=64)}
    await page.get_by_role("button", name="Info").click()

    answer = page.locator(".message.ephemeral")
    await expect(answer.locator(".content")).to_have_text("Seed 7.")
    await expect(answer.locator(".snippet")).to_have_text("a fox")


async def test_a_menu_is_used_by_keyboard(
    page: Page, client: Client, application: Application
) -> None:
    await show(client, row(menu()))
    application.answer = lambda interaction: {
        "type": 7,
        "data": container(text("Chosen")),
    }
    await page.get_by_role("button", name="Which?").press("ArrowDown")
    await expect(page.get_by_role("option", name="Picture 1")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")

    await expect(page.locator(".text-display")).to_have_text("Chosen")
    assert application.seen[-1]["data"]["values"] == ["2"]


async def test_a_menu_for_several_sends_them_when_it_closes(
    page: Page, client: Client, application: Application
) -> None:
    await show(client, row(menu(max_values=3)))
    application.answer = lambda interaction: {"type": 7, "data": container(text("Chosen"))}
    await page.get_by_role("button", name="Which?").click()
    for name in ("Picture 1", "Picture 3"):
        await page.get_by_role("option", name=name).click()
    await page.keyboard.press("Escape")

    await expect(page.locator(".text-display")).to_have_text("Chosen")
    assert application.seen[-1]["data"]["values"] == ["1", "3"]


async def test_a_form_is_filled_sent_and_gives_the_focus_back(
    page: Page, client: Client, application: Application
) -> None:
    await show(client, row(button("Edit", "edit")))
    application.answer = lambda interaction: {"type": 9, "data": MODAL}
    await page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog", name="Edit the request")
    await expect(form.get_by_label("Prompt")).to_be_focused()
    await expect(form.get_by_label("Prompt")).to_have_value("a fox")

    await form.get_by_label("Prompt").fill("")
    await form.get_by_role("button", name="Submit").click()
    await expect(form.get_by_role("alert")).to_have_text("Prompt: this field is required.")

    await form.get_by_label("Prompt").fill("an owl")
    await form.get_by_label("Size").select_option("Large")
    application.answer = lambda interaction: {"type": 99}
    await form.get_by_role("button", name="Submit").click()
    await expect(form.get_by_role("alert")).to_have_text("Something went wrong. Try again.")

    application.answer = lambda interaction: {"type": 4, "data": says("Edited.")}
    await form.get_by_role("button", name="Submit").click()
    await expect(form).to_be_hidden()
    await expect(page.locator(".content")).to_have_text("Edited.")
    await expect(page.get_by_role("button", name="Edit", exact=True)).to_be_focused()
    inputs = [part.get("component") for part in application.seen[-1]["data"]["components"]]
    assert [inputs[1]["value"], inputs[2]["values"]] == ["an owl", ["l"]]


async def test_escape_closes_a_form_without_sending_it(
    page: Page, client: Client, application: Application
) -> None:
    await show(client, row(button("Edit", "edit")))
    application.answer = lambda interaction: {"type": 9, "data": MODAL}
    await page.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog", name="Edit the request")
    await expect(form).to_be_visible()
    await page.keyboard.press("Escape")

    await expect(form).to_be_hidden()
    assert [interaction["type"] for interaction in application.seen] == [3]


async def test_suggestions_follow_what_is_typed_and_send_their_value(
    page: Page, application: Application
) -> None:
    def answer(interaction: Json) -> Json:
        if interaction["type"] != 4:
            return {"type": 4, "data": says("Painted.")}
        typed = interaction["data"]["options"][-1]["value"]
        return {"type": 8, "data": {"choices": [{"name": f"{typed} style", "value": "v-1"}]}}

    application.answer = answer
    await page.get_by_role("combobox", name="Message #pictures").focus()
    await page.keyboard.type("/paint sd15 style: in")
    await page.get_by_role("option", name="in style").click()
    await page.keyboard.press("Enter")

    await expect(page.locator(".content")).to_have_text("Painted.")
    options = application.seen[-1]["data"]["options"]
    assert {one["name"]: one["value"] for one in options} == {"model": "sd15", "style": "v-1"}


async def test_suggestions_that_fail_are_said_to_fail(page: Page, application: Application) -> None:
    application.answer = lambda interaction: {"type": 99}
    await page.get_by_role("combobox", name="Message #pictures").focus()
    await page.keyboard.type("/paint sd15 style:")
    await expect(page.get_by_text("Loading options failed")).to_be_visible()

    application.answer = lambda interaction: suggestions()
    await page.keyboard.type("x")
    await expect(page.get_by_text("No options match your search.")).to_be_visible()


async def test_the_menu_of_a_message_holds_the_commands_for_it(
    page: Page, client: Client, application: Application
) -> None:
    application.answer = lambda interaction: {"type": 4, "data": says("Upscaled.")}
    await show(client, text("a fox"))
    await page.locator(".message").hover()
    await page.get_by_role("button", name="More").click()
    await expect(page.get_by_role("menuitem", name="Upscale")).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(page.locator(".content")).to_have_text("Upscaled.")
    await expect(page.locator(".used")).to_contain_text("Juniper used Upscale")
    assert application.seen[0]["data"]["type"] == 3


async def test_a_right_click_opens_the_menu_and_escape_closes_it(
    page: Page, client: Client
) -> None:
    await show(client, text("a fox"))
    await page.locator(".message").click(button="right")
    await expect(page.get_by_role("menuitem", name="Upscale")).to_be_visible()
    await expect(page.get_by_role("menuitem", name="Delete message")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menu")).to_have_count(0)

    await play(page, "Oak")
    await page.locator(".message").click(button="right")
    await page.get_by_role("menuitem", name="Delete message").click()
    await expect(page.locator(".message")).to_have_count(0)


async def test_a_preview_changes_in_place_and_keeps_what_has_the_focus(
    page: Page, client: Client
) -> None:
    async def progress(percent: int, colour: str) -> None:
        words = text(f"`{'█' * (percent // 5):░<20}` {percent} %")
        files = {0: ("preview.png", picture(colour))}
        shown = [words, gallery("preview.png"), row(button("Cancel", "cancel"))]
        payload = container(*shown) | {"attachments": [{"id": "0"}]}
        assert (await client.webhook("PATCH", "own", payload, files)).status == 200

    await progress(20, "red")
    image = await page.locator(".gallery img").element_handle()
    assert image is not None
    await page.evaluate("image => { window.same = image; }", image)
    await page.get_by_role("button", name="Cancel").focus()
    first = await image.get_attribute("src")
    await progress(60, "blue")

    await expect(page.locator(".text-display")).to_contain_text("60 %")
    await expect(page.locator(".bar i")).to_have_attribute("style", re.compile("60%"))
    await expect(page.locator(".gallery img")).not_to_have_attribute("src", first or "")
    assert await page.evaluate("window.same === document.querySelector('.gallery img')")
    await expect(page.get_by_role("button", name="Cancel")).to_be_focused()


async def test_what_takes_the_place_of_a_preview_does_not_do_what_it_did(
    page: Page, client: Client, application: Application
) -> None:
    async def show_in_its_place(*parts: Json, files: dict[int, tuple[str, bytes]]) -> None:
        payload = container(*parts) | {"attachments": [{"id": str(number)} for number in files]}
        assert (await client.webhook("PATCH", "own", payload, files)).status == 200

    painting = gallery("preview.png"), row(button("Cancel", "cancel"))
    files = {0: ("preview.png", picture())}
    application.answer = lambda interaction: {"type": 6}
    await show_in_its_place(text("20 %"), *painting, files=files)
    await expect(page.locator(".gallery img")).to_have_js_property("complete", value=True)
    await show_in_its_place(text("Cancelled"), row(button("Try again", "same")), files={})
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("dialog", name="Picture")).to_have_count(0)
    await show_in_its_place(text("20 %"), *painting, files=files)
    await page.get_by_role("button", name="Enlarge preview.png").click()

    await expect(page.get_by_role("dialog", name="Picture")).to_be_visible()


async def test_what_a_backslash_escapes_is_shown_as_it_is(page: Page, client: Client) -> None:
    await show(client, text(r"sampler: dpmpp\_2m\_sde, \*not bold\*, and a **bold** one"))

    shown = page.get_by_text("sampler: dpmpp_2m_sde, *not bold*, and a bold one")
    await expect(shown).to_be_visible()
    await expect(shown.locator("strong")).to_have_text("bold")


async def test_a_spoiler_is_shown_with_one_click_and_enlarged_with_the_next(
    page: Page, client: Client
) -> None:
    await show(client, gallery("a.png", spoiler=True), files={0: ("a.png", picture())})
    await page.get_by_role("button", name="Show the spoiler a.png").click()
    await page.get_by_role("button", name="Enlarge a.png").click()

    await expect(page.get_by_role("dialog", name="Picture")).to_be_visible()


async def test_a_member_says_something_with_a_picture(page: Page) -> None:
    await page.locator(".box > input[type=file], #dock > input[type=file]").set_input_files(
        [{"name": "fox.png", "mimeType": "image/png", "buffer": picture()}]
    )
    await expect(page.get_by_role("button", name="Remove fox.png")).to_be_visible()
    await expect(page.get_by_role("combobox", name="Message #pictures")).to_be_focused()
    await page.keyboard.type("look")
    await page.keyboard.press("Enter")

    await expect(page.locator(".content")).to_have_text("look")
    await expect(page.get_by_role("img", name="fox.png")).to_be_visible()
    await expect(page.get_by_role("button", name="Remove fox.png")).to_have_count(0)


async def test_the_channel_decides_where_a_command_is_used(
    page: Page, application: Application
) -> None:
    application.answer = lambda interaction: {"type": 4, "data": says(interaction["channel_id"])}
    for name, sign in (("after-dark", "#"), ("Distillery", "@")):
        await page.get_by_role("link", name=name).click()
        await page.get_by_role("combobox", name=f"Message {sign}{name}").focus()
        await page.keyboard.type("/serve a fox")
        await page.keyboard.press("Enter")
        await expect(page.locator(".content")).to_have_text(re.compile(r"\d+"))
    nsfw = [interaction["channel"].get("nsfw") for interaction in application.seen]
    assert nsfw == [True, None]
    assert application.seen[1]["context"] == 1

    await page.get_by_role("link", name="pictures").click()
    await expect(page.locator(".content")).to_have_count(0)


async def test_a_link_to_a_message_leads_to_it(page: Page, client: Client) -> None:
    path = "/channels/1200000000000000401/messages"
    there = (await client.bot("POST", path, json=says("the first one"))).json
    link = f"https://discord.com/channels/1/{there['channel_id']}/{there['id']}"
    await show(client, text(f"Upscaled from [an earlier message]({link})"))
    await page.get_by_role("link", name="an earlier message").click()

    await expect(page.get_by_role("heading", name="after-dark", exact=True)).to_be_visible()
    await expect(page.locator(".content")).to_be_in_viewport()


async def test_a_button_with_an_emoji_alone_has_a_name(page: Page, client: Client) -> None:
    wastebasket = {"type": 2, "style": 4, "custom_id": "x", "emoji": {"name": "🗑️"}}
    await show(client, row(wastebasket))

    await expect(page.get_by_role("button", name="Delete", exact=True)).to_be_visible()


async def test_a_message_elsewhere_marks_its_channel_unread(page: Page, client: Client) -> None:
    body = {"member": "oak", "channel": "1200000000000000401", "content": "hello"}
    await client.control("chat", body)
    link = page.get_by_role("link", name="after-dark")
    await expect(link).to_contain_text("unread")
    await link.click()

    await expect(page.locator(".content")).to_have_text("hello")
    await expect(link).not_to_contain_text("unread")


async def test_only_a_moderator_is_offered_what_moderators_may(
    page: Page, application: Application
) -> None:
    async def offered(count: int) -> None:
        await page.get_by_role("combobox", name="Message #pictures").fill("/")
        await expect(page.get_by_role("option", name="/serve")).to_be_visible()
        await expect(page.get_by_role("option", name="/admin ban")).to_have_count(count)

    await offered(0)
    await play(page, "Oak")
    await offered(1)
    application.answer = lambda interaction: {"type": 4, "data": says("Banned.", flags=64)}
    await page.get_by_role("combobox", name="Message #pictures").fill("/admin ban ")
    await page.keyboard.type("bar")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")

    await expect(page.locator(".content")).to_have_text("Banned.")
    [subcommand] = application.seen[0]["data"]["options"]
    assert subcommand["options"][0]["value"] == "1200000000000000002"


@pytest.mark.parametrize("width", [390, 1280])
async def test_components_are_not_cut_off_at_the_side(
    page: Page, client: Client, width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 844})
    names = [f"{n}.png" for n in range(4)]
    await show(
        client,
        text("word " * 40),
        gallery(*names),
        row(*(button(f"Button {n}", f"b{n}") for n in range(5))),
        row(menu()),
        files={n: (name, picture()) for n, name in enumerate(names)},
    )
    await expect(page.get_by_role("button", name="Button 4")).to_be_visible()

    sizes: Any = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert sizes[0] <= sizes[1]
    box = await page.locator(".container").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width

"""Menus for the pictures of one request, and what fails, in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from distillery.discord.looks import FAILED
from tests.local.page_of_the_cloud import ANSWER_MS, SMALL, Played, button, painted

pytestmark = pytest.mark.cloud


def test_of_four_pictures_one_is_chosen_in_a_menu(played: Played) -> None:
    first = played.serve("four kettles", f"{SMALL} images: 4")
    expect(painted(first)).to_have_count(4)
    for name in ("U1", "U4", "V1", "V4"):
        expect(first.get_by_role("button", name=name, exact=True)).to_be_visible()
    first.get_by_role("button", name="Zoom out of a picture").click()
    expect(first.get_by_role("option")).to_have_count(4)
    first.get_by_role("option", name="Zoom out of picture 3").click()

    painted(played.message("Zoomed out from picture 3 of an earlier message"))


def test_one_of_four_pictures_is_remixed_by_a_menu(played: Played) -> None:
    first = played.serve("four teapots", f"{SMALL} images: 4")
    painted(first)
    first.get_by_role("button", name="Remix a picture with other words").click()
    first.get_by_role("option", name="Remix picture 2").click()
    form = played.page.get_by_role("dialog")
    form.locator("#field-prompt").fill("a teapot of glass")
    form.get_by_role("button", name="Submit").click()
    expect(form).to_be_hidden()
    second = played.message("a teapot of glass")

    painted(second)
    expect(second).to_contain_text("Remixed from picture 2 of an earlier message")


def test_what_fails_is_red_says_why_and_is_tried_again(played: Played, tmp_path: Path) -> None:
    no_image = tmp_path / "barn.png"
    no_image.write_bytes(b"This is no picture.")
    played.page.locator("#dock > input[type=file]").set_input_files(no_image)
    played.type("look at my dairy")
    played.message("look at my dairy").click(button="right", position={"x": 300, "y": 12})
    played.page.get_by_role("menuitem", name="Use as input").click()
    form = played.page.get_by_role("dialog", name="Use as input")
    form.locator("#field-prompt").fill("a barn that cannot be read")
    form.get_by_role("button", name="Submit").click()
    expect(form).to_be_hidden()
    failed = played.message("a barn that cannot be read")
    expect(button(failed, "same")).to_contain_text("Try again", timeout=ANSWER_MS)
    bar = failed.locator(".container").evaluate("box => box.style.getPropertyValue('--accent-bar')")
    assert bar == f"#{FAILED:06x}"
    expect(failed.locator(".gallery")).to_have_count(0)
    button(failed, "same").click()

    second = played.message("a barn that cannot be read").filter(has_text="Made again from")
    expect(button(second, "same")).to_be_visible(timeout=ANSWER_MS)
    expect(second).to_contain_text("a barn that cannot be read")

"""The whole life of a message in a browser, through the deployed service."""

from __future__ import annotations

import re
from pathlib import Path
from random import randbytes

import pytest
import requests
from PIL import Image
from playwright.sync_api import expect

from tests.local.conftest import Cloud
from tests.local.page_of_the_cloud import ANSWER_MS, SMALL, Played, button, painted

pytestmark = pytest.mark.cloud


def test_a_picture_is_asked_for_watched_and_enlarged(played: Played) -> None:
    message = played.serve("a heron at dawn", "size: 512x512 steps: 40 seed: 7")
    expect(message.locator(".bar")).to_be_visible(timeout=ANSWER_MS)
    painted(message)
    expect(message).to_contain_text("seed 7")
    message.locator(".picture").first.click()

    expect(played.page.get_by_role("dialog", name="Picture").get_by_role("img")).to_be_visible()


def test_again_makes_the_same_request_with_other_chance(played: Played) -> None:
    first = played.serve("a kettle on a stove", f"{SMALL} seed: 11")
    painted(first)
    expect(first).to_contain_text("seed 11")
    button(first, "again").click()
    second = played.message("Made again from")

    painted(second)
    expect(second).to_contain_text("a kettle on a stove")
    expect(second).not_to_contain_text("seed 11")


def test_a_request_is_edited_in_a_form(played: Played) -> None:
    first = played.serve("a red door")
    painted(first)
    button(first, "edit").click()
    form = played.page.get_by_role("dialog")
    expect(form.locator("#field-prompt")).to_have_value("a red door")
    form.locator("#field-prompt").fill("a green door")
    form.get_by_role("button", name="Submit").click()
    expect(form).to_be_hidden()
    second = played.message("a green door")

    painted(second)
    expect(second).to_contain_text("Edited from")


def test_others_may_look_and_repeat_but_not_delete(played: Played) -> None:
    prompt = "a bench in a park"
    painted(played.serve(prompt))
    played.as_member("Barley")
    button(played.message(prompt), "delete").click()
    expect(played.private()).to_contain_text("whose request this is, or a moderator may do that")
    expect(played.message(prompt).locator(".gallery img").first).to_be_visible()

    played.as_member("Juniper")
    button(played.message(prompt), "delete").click()
    expect(played.message("Deleted by @Juniper")).to_be_visible()
    expect(played.page.locator(".container", has_text=prompt)).to_have_count(0)


def test_a_moderator_deletes_what_others_asked_for(played: Played) -> None:
    painted(played.serve("a fence to take away"))
    played.as_member("Oak")
    button(played.message("a fence to take away"), "delete").click()

    expect(played.message("Deleted by @Oak")).to_be_visible()


def test_everybody_reads_how_a_picture_was_made(played: Played) -> None:
    painted(played.serve("a well", f"{SMALL} seed: 5"))
    played.as_member("Barley")
    button(played.message("a well"), "info").click()

    expect(played.private()).to_contain_text("5")
    expect(played.private()).to_contain_text("Only you can see this")


def test_a_request_is_called_off_with_its_button(played: Played) -> None:
    message = played.serve("a slow snail", "size: 512x512 steps: 60")
    button(message, "cancel").click()

    expect(message).to_contain_text("Cancelled", timeout=ANSWER_MS)
    expect(button(message, "cancel")).to_have_count(0)


def test_a_request_that_made_nothing_is_tried_again_with_the_same_seed(played: Played) -> None:
    first = played.serve("a slow tortoise", "size: 512x512 steps: 60 seed: 31")
    button(first, "cancel").click()
    expect(first).to_contain_text("Cancelled", timeout=ANSWER_MS)
    first.get_by_role("button", name="Try again").click()
    second = played.message("Made again from")

    painted(second)
    expect(second).to_contain_text("a slow tortoise")
    expect(second).to_contain_text("seed 31")


def test_past_requests_are_turned_page_by_page_and_one_is_done_again(played: Played) -> None:
    played.as_member("Oak")
    for number in range(3):  # each picture has a line of its own, ten to a page
        painted(played.serve(f"a raft of logs {number}", f"{SMALL} images: 4"))
    played.type("/history show: all")
    told = played.private()
    expect(told).to_contain_text("Page 1 of 2", timeout=ANSWER_MS)
    told.get_by_role("button", name="Further").click()
    expect(told).to_contain_text("Page 2 of 2", timeout=ANSWER_MS)
    expect(told).to_contain_text("a raft of logs 0")
    told.get_by_role("button", name="Back").click()
    expect(told).to_contain_text("Page 1 of 2", timeout=ANSWER_MS)
    told.get_by_role("button", name="See one, and do it again").click()
    told.get_by_role("option", name="1. a raft of logs 2").click()

    shown = played.private()
    expect(shown).to_contain_text("asked by @Oak", timeout=ANSWER_MS)
    expect(shown.locator(".gallery img")).to_be_visible()
    shown.get_by_role("button", name="Again").click()
    again = played.message("Made again from")
    painted(again)
    expect(again).to_contain_text("a raft of logs 2")


def test_what_the_provider_does_is_seen_and_switched_beside_the_channel(
    played: Played, cloud: Cloud
) -> None:
    played.page.get_by_role("link", name="GPU cloud").click()
    switch = played.page.get_by_role("combobox", name="Fault of Runpod")
    switch.select_option("Down")
    expect(played.page.get_by_text("Every call is answered 503")).to_be_visible()
    assert cloud.control("faults")["runpod"]["mode"] == "down"
    painted(played.serve("a bridge by the other way"))
    newest = played.page.get_by_role("region", name="Jobs").locator(".job").first

    expect(newest).to_contain_text(re.compile("succeeded.*SageMaker", re.DOTALL))
    switch.select_option("OK")
    expect(played.page.get_by_text("Works as it should")).to_have_count(2)


def test_a_picture_is_asked_for_in_direct_messages(played: Played) -> None:
    played.in_channel("Distillery")
    painted(played.serve("a candle for me alone"))
    played.as_member("Barley")
    expect(played.page.get_by_text("a candle for me alone")).to_have_count(0)


def test_what_was_asked_before_is_suggested(played: Played) -> None:
    painted(played.serve("a quarry in the fog"))
    played.page.get_by_role("combobox", name="Message ").focus()
    played.page.keyboard.insert_text("/serve prompt: a quar")
    suggestion = played.page.get_by_role("option", name="a quarry in the fog")
    expect(suggestion).to_be_visible()
    suggestion.click()

    expect(played.page.locator(".chip textarea").first).to_have_value("a quarry in the fog")


def test_a_picture_that_anybody_made_tells_of_itself_by_its_menu(played: Played) -> None:
    painted(played.serve("a mill", f"{SMALL} seed: 21"))
    played.as_member("Barley")
    played.message("a mill").click(button="right", position={"x": 500, "y": 12})
    played.page.get_by_role("menuitem", name="Info", exact=True).click()

    expect(played.private()).to_contain_text("a mill")
    expect(played.private()).to_contain_text("21")


def test_a_picture_of_a_member_is_the_start_of_another(played: Played, tmp_path: Path) -> None:
    start = tmp_path / "start.png"
    Image.new("RGB", (640, 480), (180, 40, 30)).save(start)
    played.page.locator("#dock > input[type=file]").set_input_files(start)
    played.type("look at my barn")
    played.message("look at my barn").click(button="right", position={"x": 300, "y": 12})
    played.page.get_by_role("menuitem", name="Use as input").click()
    form = played.page.get_by_role("dialog", name="Use as input")
    form.locator("#field-prompt").fill("the barn in autumn")
    form.get_by_role("button", name="Submit").click()
    expect(form).to_be_hidden()

    painted(played.message("the barn in autumn"))


def test_some_words_are_drawn_only_where_adults_are(played: Played) -> None:
    words = "a topless mountaineer"
    played.type(f"/serve prompt: {words} {SMALL}")
    expect(played.private()).to_contain_text("only in age-restricted channels")
    expect(played.page.locator(".container", has_text=words)).to_have_count(0)
    played.in_channel("after-dark")

    painted(played.serve(words))


def test_words_of_a_form_are_judged_as_those_of_a_command(played: Played) -> None:
    played.as_member("Barley")  # a third refusal within the day would make Juniper pause
    first = played.serve("a mountaineer on a ridge")
    painted(first)
    for action in ("edit", "remix"):
        told = played.page.locator(".message.ephemeral")
        before = told.count()
        button(first, action).click()
        form = played.page.get_by_role("dialog")
        form.locator("#field-prompt").fill("a topless mountaineer on a ridge")
        form.get_by_role("button", name="Submit").click()
        expect(told).to_have_count(before + 1)
        expect(told.last).to_contain_text("only in age-restricted channels")


@pytest.mark.parametrize(
    ("action", "words"),
    [("upscale", "Upscaled from"), ("vary", "Varied from"), ("zoom", "Zoomed out from")],
)
def test_one_picture_is_worked_on(played: Played, action: str, words: str) -> None:
    first = played.serve(f"a lamp to {action}")
    painted(first)
    button(first, action).click()
    second = played.message(words)

    painted(second)
    played.page.get_by_role("link", name="an earlier message").last.click()
    expect(first).to_be_in_viewport()


def test_a_picture_is_remixed_with_other_words(played: Played) -> None:
    first = played.serve("a lamp of brass")
    painted(first)
    button(first, "remix").click()
    form = played.page.get_by_role("dialog")
    expect(form.locator("#field-prompt")).to_have_value("a lamp of brass")
    form.locator("#field-prompt").fill("a lamp of glass")
    form.get_by_role("button", name="Submit").click()
    expect(form).to_be_hidden()
    second = played.message("a lamp of glass")

    painted(second)
    expect(second).to_contain_text("Remixed from picture 1 of an earlier message")


def test_of_several_pictures_of_one_request_one_is_picked(played: Played) -> None:
    first = played.serve("two kites", f"{SMALL} images: 2")
    expect(painted(first)).to_have_count(2)
    expect(first.get_by_role("button", name="U2", exact=True)).to_be_visible()
    first.click(button="right", position={"x": 500, "y": 12})
    played.page.get_by_role("menuitem", name="Variations", exact=True).click()
    expect(played.private()).to_contain_text("Which picture?")
    before = played.page.locator(".message[data-id]:not(.ephemeral)").count()
    played.private().get_by_role("button", name="2", exact=True).click()
    answers = played.page.locator(".message[data-id]:not(.ephemeral)")

    expect(answers).to_have_count(before + 1)
    painted(answers.last)
    expect(answers.last).to_contain_text("two kites")


def test_a_file_that_is_too_large_is_shown_as_a_copy_and_linked_at_the_click(
    played: Played, tmp_path: Path
) -> None:
    noise = tmp_path / "noise.jpg"  # twice as wide and high, it has more than 10 MiB as a PNG
    Image.frombytes("RGB", (1400, 1400), randbytes(1400 * 1400 * 3)).save(noise, quality=60)
    played.page.locator("#dock > input[type=file]").set_input_files(noise)
    played.type("look at this noise")
    played.message("look at this noise").click(button="right", position={"x": 300, "y": 12})
    answers = played.page.locator(".message[data-id]:not(.ephemeral)")
    before = answers.count()
    played.page.get_by_role("menuitem", name="Upscale", exact=True).click()
    expect(answers).to_have_count(before + 1)
    message = answers.last
    painted(message)
    button(message, "file").click()

    expect(played.private()).to_contain_text("The file as it was made")
    link = played.private().locator("a[href*='outputs']").first
    address = link.get_attribute("href") or ""
    assert len(requests.get(address, timeout=30).content) > 10 * 1024 * 1024


def favourites_show(played: Played, words: str) -> None:
    """Use /history for the member's favourites, and wait for the answer, however busy all is."""
    played.type("/history show: favourites")
    expect(played.private()).to_contain_text(words, timeout=ANSWER_MS)


def test_a_favourite_is_found_again_and_others_do_not_see_whose_it_is(played: Played) -> None:
    message = played.serve("a pebble to keep")
    painted(message)
    button(message, "star").click()
    expect(played.private()).to_contain_text("one of your favourites now")
    favourites_show(played, "a pebble to keep")

    played.as_member("Barley")
    favourites_show(played, "You have no favourites yet")
    played.as_member("Juniper")
    button(message, "star").click()
    played.private().get_by_role("button", name="No favourite any more").click()
    expect(played.private()).to_contain_text("no favourite of yours any more")
    favourites_show(played, "You have no favourites yet")


def test_a_moderator_bans_and_unbans_a_member(played: Played) -> None:
    draft = played.page.get_by_role("combobox", name="Message ")
    draft.fill("/")
    expect(played.page.get_by_role("option", name="/serve")).to_be_visible()
    expect(played.page.get_by_role("option", name="/admin ban")).to_have_count(0)
    draft.fill("")
    played.as_member("Oak")
    played.type("/admin ban member: Barley hours: 1")
    expect(played.private()).to_contain_text("Done")

    played.as_member("Barley")
    played.type(f"/serve prompt: a banned picture {SMALL}")
    expect(played.private()).not_to_contain_text("a banned picture")
    expect(played.page.locator(".container", has_text="a banned picture")).to_have_count(0)
    played.as_member("Oak")
    told = played.page.locator(".message.ephemeral")
    before = told.count()
    played.type("/admin unban member: Barley")
    expect(told).to_have_count(before + 1)
    expect(told.last).to_contain_text("Done")
    played.as_member("Barley")
    painted(played.serve("a picture after the ban"))


def test_a_film_is_played_in_its_message(played: Played) -> None:
    options = "workflow: Wan video length: 1 second steps: 4"
    film = played.serve("a river at night", options).locator("video")
    expect(film).to_be_visible(timeout=ANSWER_MS)
    film.evaluate("film => film.readyState > 1 || new Promise(f => (film.onloadeddata = f))")

    assert film.evaluate("film => [film.videoWidth, film.videoHeight]") == [832, 480]
    assert film.evaluate("film => film.duration") == pytest.approx(25 / 24, abs=0.05)


def test_a_member_sees_their_place_in_the_line_until_their_turn_comes(
    played: Played, cloud: Cloud
) -> None:
    for provider in ("runpod", "sagemaker"):
        cloud.fault(provider, "down")
    try:
        played.serve("a hasty hare")
        played.as_member("Barley")
        message = played.serve("a patient tortoise")
        expect(message).to_contain_text(re.compile(r"Place \d in the line"), timeout=ANSWER_MS)
        expect(button(message, "cancel")).to_be_visible()
    finally:
        for provider in ("runpod", "sagemaker"):
            cloud.fault(provider, "ok")
    cloud.run_watchdog()  # it hears that they are well again

    painted(message)
    expect(message).not_to_contain_text("in the line")

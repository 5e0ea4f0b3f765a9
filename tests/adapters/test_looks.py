"""Every state of a job has one look, and Discord takes each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillery.core.errors import NotEnoughCredits
from distillery.core.failure_words import failed
from distillery.core.job import CANCELLED, Job, Origin, Outcome, Picture, Request
from distillery.core.parent import Parent
from distillery.core.ports import Delivery, Missing, Progress, Waiting
from distillery.core.recipes.recipe import Action as RecipeAction
from distillery.core.recipes.recipe import Option, OptionKind, Recipe
from distillery.core.tier import Tier
from distillery.discord.looks import DONE, FAILED, OVER, WAITING, WORKING, Looks
from local.discord.component_rules import walk
from local.discord.openapi import OpenApi, document_at_hand
from local.discord.rules import edit_problems
from local.member import words_of

PICTURE = Picture("0_9.png", "image/png", 4, 1024, 768)
NOW = 1_790_000_000.0
JOB_ID = "12345678901234567890"
OPENAPI = OpenApi(document_at_hand())


def recipe_made_for(action: RecipeAction) -> Recipe:
    picture = Option("image", OptionKind.ATTACHMENT, "What to work on", required=True)
    return Recipe(action, action.title(), "", False, {}, (picture,), (), action)


LOOKS = Looks({action.value: recipe_made_for(action) for action in RecipeAction})


def job(prompt: str = "a red fox", **changes: Any) -> Job:
    asked = Job(
        job_id=JOB_ID,
        origin=Origin(application_id="1", token="t", user_id="42", channel_id="7", guild_id="9"),
        request=Request(workflow="plain", values={"prompt": prompt, "seed": 7}),
        created_at=NOW,
    )
    return replace(asked, **changes)


def done(prompt: str = "a red fox", pictures: int = 1, **changes: Any) -> Job:
    made = tuple(Picture(f"{n}_9.png", "image/png", 4, 1024, 768) for n in range(pictures))
    ended = job(prompt, **changes).dispatched("runpod", NOW + 1)
    return ended.concluded(Outcome(pictures=made), NOW + 12, 30.0)


def deliveries(of: Job) -> list[Delivery]:
    return [Delivery(of, one, b"x") for one in (of.outcome or Outcome()).pictures]


def color(edit: dict[str, Any]) -> int:
    [frame] = edit["components"]
    return int(frame["accent_color"])


def labels(edit: dict[str, Any]) -> list[str]:
    """The button's words or signs, and a menu's hint."""
    found = [part for _, part in walk(edit["components"], "components")]
    return [
        part.get("label") or part.get("placeholder") or part["emoji"]["name"]
        for part in found
        if "custom_id" in part
    ]


def accepted(edit: dict[str, Any]) -> bool:
    found = edit_problems(edit)
    return found + OPENAPI.problems("IncomingWebhookUpdateRequestPartial", edit) == []


def test_a_job_in_the_line_shows_its_place_and_when_to_expect_pictures() -> None:
    edit = LOOKS.waiting(job().admitted(1.0, NOW), Waiting(2, 41.6))
    assert "Place 3 in the line · about 42 s" in words_of(edit)
    assert labels(edit) == ["Cancel"]
    assert (color(edit), accepted(edit)) == (WAITING, True)


def test_a_long_wait_is_told_in_minutes() -> None:
    assert "about 3 min" in words_of(LOOKS.waiting(job().admitted(1.0, NOW), Waiting(20, 200.0)))


@pytest.mark.parametrize(
    ("at_once", "said"),
    [(1, "your running request has ended"), (2, "one of your 2 running requests has ended")],
)
def test_a_job_held_back_says_for_what_it_waits(at_once: int, said: str) -> None:
    held = job(tier=Tier(jobs_at_once=at_once)).held(NOW)
    assert said in words_of(LOOKS.waiting(held, Waiting()))


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "takes a minute or two"), (90.0, "about 90 s")]
)
def test_a_cold_start_is_said_as_such(seconds: float | None, said: str) -> None:
    edit = LOOKS.waiting(job().dispatched("runpod", NOW), Waiting(seconds=seconds))
    assert "A GPU is waking up" in words_of(edit)
    assert said in words_of(edit)


def test_a_message_speaks_the_language_of_who_asked() -> None:
    asked = job(origin=replace(job().origin, locale="de"))
    line = words_of(LOOKS.waiting(asked.admitted(1.0, NOW), Waiting(2, 41.6)))
    assert "Platz 3 in der Schlange · etwa 42 s" in line
    assert "noch etwa 35 s" in words_of(LOOKS.working(asked, Progress(1, 40.0, eta_s=35.0)))
    ended = replace(done(), origin=asked.origin)
    assert labels(LOOKS.pictures(ended, deliveries(ended)))[:2] == ["Vergrößern", "Abwandeln"]


def test_progress_shows_a_bar_the_step_a_preview_and_the_time_left() -> None:
    progress = Progress(1, 40.0, "Sampler", 8, 20, preview=b"jpeg", eta_s=35.0)
    edit = LOOKS.working(job(), progress)
    assert "████████░░░░░░░░░░░░` 40 %" in words_of(edit)
    assert "Sampler · step 8 of 20 · about 35 s left" in words_of(edit)
    assert edit["attachments"] == [{"id": "0", "filename": "preview.jpg"}]
    assert labels(edit) == ["Cancel"]
    assert (color(edit), accepted(edit)) == (WORKING, True)


def test_progress_of_several_pictures_counts_them_and_no_steps_of_one() -> None:
    progress = Progress(1, 40.0, "Sampler", 8, 20, ended=1)
    said = words_of(LOOKS.working(job(parts=(JOB_ID, f"{JOB_ID}-2")), progress))
    assert "-# 1 of 2 pictures made" in said
    assert "Sampler" not in said


def test_pictures_come_with_what_makes_them_again_and_all_that_can_be_done_with_them() -> None:
    edit = LOOKS.pictures(done(), deliveries(done()))
    assert "plain · seed `7` · 1024 × 768 · 12 s" in words_of(edit)
    assert labels(edit)[:4] == ["Upscale", "Vary", "Remix", "Zoom out"]
    assert labels(edit)[4:6] == ["Again", "Edit"]
    assert (color(edit), accepted(edit)) == (DONE, True)


def test_what_no_installed_recipe_can_do_is_not_offered() -> None:
    edit = Looks().pictures(done(), deliveries(done()))
    assert labels(edit)[:2] == ["Again", "Edit"]
    assert accepted(edit)


@pytest.mark.parametrize("pictures", range(2, 6))
def test_each_of_a_few_pictures_has_its_own_buttons(pictures: int) -> None:
    edit = LOOKS.pictures(done(pictures=pictures), deliveries(done(pictures=pictures)))
    numbers = range(1, pictures + 1)
    assert labels(edit)[: 2 * pictures] == [f"{c}{n}" for c in "UV" for n in numbers]
    assert accepted(edit)


@pytest.mark.parametrize("pictures", range(6, 11))
def test_many_pictures_are_chosen_from_menus(pictures: int) -> None:
    edit = LOOKS.pictures(done(pictures=pictures), deliveries(done(pictures=pictures)))
    assert labels(edit)[:2] == ["Upscale a picture", "Vary a picture"]
    assert accepted(edit)


@pytest.mark.parametrize("pictures", [1, 3, 10])
def test_a_file_that_is_too_large_for_the_message_has_a_button(pictures: int) -> None:
    ended = done(pictures=pictures)
    edit = LOOKS.pictures(ended, [replace(d, data=None) for d in deliveries(ended)])
    assert "too large for here" in words_of(edit)
    assert ("Original file" if pictures == 1 else "Get an original file") in labels(edit)
    assert edit["attachments"] == []
    assert accepted(edit)


def test_a_file_that_is_no_picture_is_shown_as_a_file_and_cannot_be_varied() -> None:
    song = Delivery(done(), Picture("0_9.flac", "audio/flac", 4), b"x")
    edit = LOOKS.pictures(done(), [song])
    assert [part["type"] for _, part in walk(edit["components"], "c")][2] == 13
    assert labels(edit)[0] == "Again"
    assert accepted(edit)


@pytest.mark.parametrize(
    "film",
    [
        Picture("0_9.webp", "image/webp", 4, moves=True),
        Picture("0_9.gif", "image/gif", 4),
        Picture("0_9.avif", "image/avif", 4),
    ],
)
def test_what_no_worker_takes_as_an_input_has_no_buttons_of_a_picture(film: Picture) -> None:
    edit = LOOKS.pictures(done(), [Delivery(done(), film, b"x")])
    assert labels(edit)[:2] == ["Again", "Edit"]
    assert accepted(edit)


def test_among_several_pictures_those_that_stand_still_have_buttons() -> None:
    ended = done(pictures=3)
    first, second, third = deliveries(ended)
    film = replace(second, picture=replace(second.picture, content_type="image/gif"))
    assert labels(LOOKS.pictures(ended, [first, film, third]))[:4] == ["U1", "U3", "V1", "V3"]


def test_what_a_check_has_covered_or_left_out_is_said() -> None:
    ended = done(pictures=2)
    first, second = (ended.outcome or Outcome()).pictures
    covered = replace(second, spoiler=True)
    judged = replace(ended, outcome=Outcome(pictures=(first, covered), withheld=1))
    edit = LOOKS.pictures(judged, deliveries(judged))
    [shown] = [part for _, part in walk(edit["components"], "c") if part["type"] == 12]
    assert [item.get("spoiler", False) for item in shown["items"]] == [False, True]
    assert "Not shown: 1 more, found unfit for this channel" in words_of(edit)
    assert "Click to see it" in words_of(edit)
    assert accepted(edit)

    song = Delivery(ended, Picture("0_9.flac", "audio/flac", 4, spoiler=True), b"x")
    edit = LOOKS.pictures(ended, [song])
    [card] = [part for _, part in walk(edit["components"], "c") if part["type"] == 13]
    assert card["spoiler"]
    assert accepted(edit)


def test_a_failure_says_what_to_do_and_lets_one_try_again() -> None:
    edit = LOOKS.failure(job(), "No GPU was free in time. Try again.")
    assert "⚠️ No GPU was free" in words_of(edit)
    assert labels(edit)[:2] == ["Try again", "Edit"]
    assert (color(edit), accepted(edit)) == (FAILED, True)


def test_a_cancelled_request_is_shown_without_a_warning_sign() -> None:
    outcome = Outcome(error="Cancelled. Nothing was charged.", error_kind=CANCELLED)
    edit = LOOKS.failure(job(outcome=outcome), str(outcome.error))
    assert "⚠️" not in words_of(edit)
    assert color(edit) == OVER


def test_a_deleted_answer_says_by_whom() -> None:
    edit = LOOKS.removed(job(), "43")
    assert words_of(edit) == "-# 🗑️ Deleted by <@43>"
    assert labels(edit) == edit["attachments"] == []
    assert accepted(edit)


def test_pictures_of_several_jobs_are_one_message_whose_buttons_name_each_job() -> None:
    parts = (JOB_ID, f"{JOB_ID}-2")
    jobs = [replace(done(), job_id=part, parts=parts) for part in parts]
    missing = Missing(1, 3, failed(Outcome(), "lost", "{what} broke.", {"what": "It"}))
    edit = LOOKS.pictures(jobs[1], [Delivery(each, PICTURE, b"x") for each in jobs], missing)
    buttons = [
        part["custom_id"] for _, part in walk(edit["components"], "c") if "custom_id" in part
    ]
    assert buttons[:2] == [f"upscale:{JOB_ID}:0", f"upscale:{JOB_ID}-2:0"]
    assert f"again:{JOB_ID}" in buttons
    assert "⚠️ 1 of 3 could not be made. It broke." in words_of(edit)
    assert accepted(edit)


@pytest.mark.parametrize(("number", "which"), [(2, "picture 2 of "), (None, "")])
def test_a_request_that_goes_on_from_another_links_to_it(number: int | None, which: str) -> None:
    varied = job(parent=Parent("1-3", "vary", 0, "77", number))
    link = "https://discord.com/channels/9/7/77"
    assert f"Varied from {which}[an earlier message]({link})" in words_of(
        LOOKS.failure(varied, "no")
    )


def test_the_same_state_is_the_same_edit_so_that_a_repeat_changes_nothing() -> None:
    assert LOOKS.pictures(done(), deliveries(done())) == LOOKS.pictures(done(), deliveries(done()))


def test_a_prompt_cannot_be_anything_but_words() -> None:
    for prompt in ("@everyone `rm`", "**a**\n# b\n> c", "[x](http://y)", "<@1> <#2> <t:3>"):
        shown = words_of(LOOKS.failure(job(prompt), "no")).partition(" — <@42>")[0]
        for live in ("\n", "](", "<@1", "<#", "<t:", "# "):
            assert live not in shown.replace("\\#", "").replace("\\<", "").replace("\\]", "")
        assert "@everyone" not in shown.replace("\\@", "")


TEXT = st.text(max_size=6000) | st.sampled_from(
    ["@everyone", "\u202egnp.exe", "\u200b" * 500, "```" * 300, "\x00", "ﷺ" * 3000, "😀" * 3000]
)


def test_the_workflow_s_name_is_in_the_language_of_who_asked() -> None:
    plain = Recipe("plain", "Plain", "", True, {}, (), (), titles={"de": "Schlicht"})
    german = replace(done(), origin=replace(done().origin, locale="de"))
    said = words_of(Looks({"plain": plain}).pictures(german, deliveries(german)))
    assert "-# Schlicht · " in said


@settings(max_examples=150, deadline=None)
@given(TEXT, TEXT, st.integers(1, 10), st.floats(0, 1e6), st.integers(0, 10**6))
def test_whatever_is_asked_and_said_discord_takes_the_look(
    prompt: str, said: str, pictures: int, number: float, place: int
) -> None:
    ended = done(prompt, pictures)
    progress = Progress(1, min(number, 100.0), said, 3, 9, b"x", number)
    assert accepted(LOOKS.waiting(job(prompt).admitted(1.0, NOW), Waiting(place, number)))
    assert accepted(LOOKS.working(job(prompt), progress))
    assert accepted(LOOKS.pictures(ended, deliveries(ended)))
    assert accepted(LOOKS.pictures(ended, [replace(d, data=None) for d in deliveries(ended)]))
    assert accepted(LOOKS.failure(job(prompt), said or str(NotEnoughCredits("no"))))

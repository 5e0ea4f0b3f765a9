from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from distillery.core import keys
from distillery.core.deliveries import deliveries_of
from distillery.core.failure_words import failed
from distillery.core.job import CANCELLED, Job, JobState, Outcome
from distillery.core.parent import Parent
from distillery.core.recipes.recipe import (
    Action,
    Attachment,
    Choice,
    Option,
    OptionKind,
    Recipe,
    Slot,
)
from distillery.discord.buttons import Action as Does
from distillery.discord.buttons import below_pictures
from distillery.discord.forms import editable, request_form
from distillery.discord.looks import Looks
from distillery.discord.responses import DEFERRED
from distillery.discord.translation import Words
from local.member import words_of
from tests.lambdas.interactions_room import EPHEMERAL, MEMBER, RECIPES
from tests.lambdas.members_at_buttons import ButtonRoom as Room

STRANGER = {"member": {"user": {"id": "400000000000000043"}, "roles": [], "permissions": "0"}}
MODERATOR = {"member": {**STRANGER["member"], "permissions": str(1 << 13)}}


def made_for(action: Action) -> Recipe:
    image = Option("image", OptionKind.ATTACHMENT, "What", required=True, slots=(Slot("1", "i"),))
    prompt = Option("prompt", OptionKind.STRING, "What to see", slots=(Slot("1", "text"),))
    graph = {"1": {"class_type": "X", "inputs": {"i": "", "text": ""}}}
    return Recipe(f"{action}_it", action.title(), "", False, graph, (prompt, image), ("1",), action)


@pytest.fixture
def room() -> Room:
    others = {name: recipe for name, recipe in RECIPES.items() if recipe.action is None}
    return Room(others | {f"{action}_it": made_for(action) for action in Action})


def text(answer: dict[str, Any]) -> str:
    """The words that only the member who clicked sees."""
    assert answer["type"] == 4
    assert answer["data"]["flags"] & EPHEMERAL
    return words_of(answer["data"])


def custom_ids(answer: dict[str, Any]) -> list[str]:
    parts = [part for row in answer["data"]["components"] for part in row.get("components", [])]
    return [str(part["custom_id"]) for part in parts]


def test_again_makes_a_new_job_of_the_same_request_with_another_seed(room: Room) -> None:
    parent = room.made()
    assert room.click(f"again:{parent.job_id}") == DEFERRED
    again = room.latest
    assert again.request.values["prompt"] == "a red fox"
    assert again.request.values["seed"] != parent.request.values["seed"]
    assert again.parent == Parent(parent.job_id, "again", None, "400000000000000200")
    assert again.state is JobState.QUEUED


def test_the_same_can_be_made_again_with_the_same_seed(room: Room) -> None:
    parent = room.made()
    assert room.click(f"same:{parent.job_id}") == DEFERRED
    assert room.latest.request == parent.request


def test_files_of_the_request_come_from_our_own_store(room: Room) -> None:
    parent = room.made()
    fox = Attachment("fox.png", "https://cdn.discordapp.com/fox.png", "image/png", 3)
    name = f"{Action.START_FROM}_it"
    request = replace(parent.request, workflow=name, values={}, attachments={"image": fox})
    room.store.table.jobs[parent.job_id] = replace(parent, request=request)
    assert room.click(f"again:{parent.job_id}") == DEFERRED
    taken = room.latest.request.attachments["image"]
    assert (taken.key, taken.url) == (f"jobs/{parent.job_id}/inputs/image", "")


@pytest.mark.parametrize(
    ("word", "action"),
    [("upscale", Action.UPSCALE), ("vary", Action.VARIATION), ("zoom", Action.ZOOM_OUT)],
)
def test_a_picture_is_worked_on_by_the_recipe_that_is_made_for_it(
    room: Room, word: str, action: Action
) -> None:
    parent = room.made(pictures=2)
    assert room.click(f"{word}:{parent.job_id}:1") == DEFERRED
    made = room.latest
    assert made.request.workflow == f"{action}_it"
    assert made.request.values == {"prompt": "a red fox"}
    assert made.request.attachments["image"].key == f"jobs/{parent.job_id}/1/outputs/1_9.png"
    assert made.parent == Parent(parent.job_id, word, 1, "400000000000000200", 2)


def test_a_menu_does_what_a_button_does(room: Room) -> None:
    parent = room.made(pictures=7)
    assert room.click(f"upscale:{parent.job_id}", f"{parent.job_id}:6") == DEFERRED
    assert str(room.latest.request.attachments["image"].key).endswith("6_9.png")


def of_four_jobs_one_failed(room: Room) -> list[Job]:
    """Let a member have the pictures 1, 3 and 4 of a request for four, each with its seed."""
    made = room.made()
    ids = (made.job_id, *(f"{made.job_id}-{n}" for n in (2, 3, 4)))
    jobs = []
    for number, job_id in enumerate(ids, 1):
        request = replace(made.request, values={**made.request.values, "seed": number * 11})
        job = replace(made, job_id=job_id, parts=ids, request=request)
        if number == 2:
            job = replace(job, outcome=failed(Outcome(), "lost", "It broke.", {}))
        jobs.append(job)
        room.store.table.jobs[job_id] = job
        room.objects.put(keys.output_key(job_id, 1, "0_9.png"), b"png", "image/png")
    return jobs


def test_pictures_are_counted_as_they_are_seen_where_one_could_not_be_made(room: Room) -> None:
    shown = [job for job in of_four_jobs_one_failed(room) if job.outcome and job.outcome.succeeded]
    deliveries = deliveries_of(shown, room.objects)
    rows = below_pictures(Words(), shown[0], {Does.VARY}, deliveries)
    for number, job in enumerate(shown, 1):
        button = rows[0]["components"][number - 1]
        assert (button["label"], button["custom_id"]) == (f"V{number}", f"vary:{job.job_id}:0")
        assert room.click(button["custom_id"]) == DEFERRED
        assert room.latest.parent is not None
        assert room.latest.parent.number == number
        assert f"picture {number} of " in words_of(Looks(RECIPES).failure(room.latest, "no"))


def test_info_counts_every_picture_of_the_message_and_tells_the_seed_of_each(room: Room) -> None:
    lead = of_four_jobs_one_failed(room)[0]
    said = text(room.click(f"info:{lead.job_id}"))
    assert re.findall(r"picture (\d): .*, seed: `(\d+)`", said) == [
        ("1", "11"),
        ("2", "33"),
        ("3", "44"),
    ]
    assert said.count("seed: ") == 3


def test_others_may_vary_a_picture_as_their_own_job_on_their_own_credit(room: Room) -> None:
    parent = room.made()
    before = room.store.account("400000000000000043").reserved
    assert room.click(f"vary:{parent.job_id}:0", **STRANGER) == DEFERRED
    assert room.latest.origin.user_id == "400000000000000043"
    assert room.store.account("400000000000000043").reserved == before + 1


def test_every_click_is_one_job_and_a_repeated_one_none(room: Room) -> None:
    parent = room.made()
    for _ in range(2):
        assert room.click(f"again:{parent.job_id}", id="500000000000000999") == DEFERRED
    assert len(room.store.table.jobs) == 2
    room.click(f"again:{parent.job_id}")
    assert len(room.store.table.jobs) == 3


def test_edit_shows_a_form_that_holds_the_request(room: Room) -> None:
    parent = room.made()
    answer = room.click(f"edit:{parent.job_id}")
    assert answer["type"] == 9
    assert answer["data"]["custom_id"] == f"edit:{parent.job_id}"
    parts = {f["label"]: f["component"] for f in answer["data"]["components"]}
    assert list(parts)[:4] == ["prompt", "negative", "seed", "size"]
    assert len(parts) == 5
    assert parts["prompt"]["value"] == "a red fox"
    assert parts["seed"]["value"] == str(parent.request.values["seed"])
    [chosen] = [option["value"] for option in parts["size"]["options"] if option["default"]]
    assert chosen == parent.request.values["size"]


def test_the_form_s_values_are_taken_and_all_others_stay(room: Room) -> None:
    parent = room.made()
    answer = room.submit(f"edit:{parent.job_id}", {"prompt": "a blue fox", "seed": "9"})
    assert answer == DEFERRED
    edited = room.latest
    assert edited.request.values == {**parent.request.values, "prompt": "a blue fox", "seed": 9}
    assert edited.parent == Parent(parent.job_id, "edit", None, "400000000000000200")


def test_a_field_left_empty_is_left_to_the_recipe(room: Room) -> None:
    parent = room.made()
    assert room.submit(f"edit:{parent.job_id}", {"prompt": "a fox", "seed": ""}) == DEFERRED
    assert room.latest.request.values["seed"] != parent.request.values["seed"]


def test_a_form_with_mistakes_says_all_of_them_and_makes_nothing(room: Room) -> None:
    parent = room.made()
    said = text(room.submit(f"edit:{parent.job_id}", {"prompt": "a fox", "seed": "seven"}))
    assert "`seed` takes a whole number" in said
    assert len(room.store.table.jobs) == 1


def test_remix_asks_for_other_words_and_varies_the_picture_with_them(room: Room) -> None:
    parent = room.made(pictures=2)
    form = room.click(f"remix:{parent.job_id}:1")
    assert form["type"] == 9
    [prompt] = form["data"]["components"]
    assert prompt["component"]["value"] == "a red fox"
    assert room.submit(form["data"]["custom_id"], {"prompt": "a blue fox"}) == DEFERRED
    assert room.latest.request.workflow == f"{Action.VARIATION}_it"
    assert room.latest.request.values == {"prompt": "a blue fox"}
    assert str(room.latest.request.attachments["image"].key).endswith("1_9.png")


def fields(form: dict[str, Any]) -> list[tuple[str, str]]:
    return [(part["label"], part.get("description", "")) for part in form["data"]["components"]]


def test_forms_speak_the_member_s_language(room: Room) -> None:
    parent = room.made()
    form = room.click(f"edit:{parent.job_id}", locale="de")
    assert fields(form)[:3] == [
        ("prompt", "Was gemalt werden soll"),
        ("ausschluss", "Was nicht ins Bild soll"),
        (
            "seed",
            "Gleicher Seed und gleiche Optionen malen das gleiche Bild (ohne Angabe zufällig)",
        ),
    ]
    assert fields(room.click(f"edit:{parent.job_id}", locale="ja"))[3][0] == "サイズ"


def test_a_manifest_s_own_words_are_those_of_its_forms(room: Room) -> None:
    flags = Option(
        "loud",
        OptionKind.BOOLEAN,
        "How loud",
        names={"de": "laut"},
        descriptions={"de": "Ob laut"},
    )
    sizes = Option(
        "tone",
        OptionKind.STRING,
        "Which",
        choices=(Choice("low", "l", {"de": "tief"}), Choice("high", "h")),
    )
    own = Recipe("own", "Own", "", False, {}, (flags, sizes), (), titles={"de": "Eigen"})
    said = request_form(Words("de"), "edit:1", own, editable(own), {"loud": False, "tone": "l"})
    assert said["data"]["title"] == "Eigen"
    loud, tone = said["data"]["components"]
    assert (loud["label"], loud["description"]) == ("laut", "Ob laut")
    assert [c["label"] for c in loud["component"]["options"]] == ["ja", "nein"]
    assert [c["label"] for c in tone["component"]["options"]] == ["tief", "high"]


@pytest.mark.parametrize("action", ["edit", "remix"])
def test_a_prompt_too_long_for_a_form_is_not_cut_in_silence(room: Room, action: str) -> None:
    prompt = "a fox, " * 800
    parent = room.made(prompt=prompt)
    form = room.click(f"{action}:{parent.job_id}" + (":0" if action == "remix" else ""))
    field = form["data"]["components"][0]
    assert "Only the first 4,000 characters fit here" in field["description"]
    shown = field["component"]["value"]
    assert len(shown) == 4000

    assert room.submit(form["data"]["custom_id"], {"prompt": shown.strip()}) == DEFERRED
    assert room.latest.request.values["prompt"] == parent.request.values["prompt"]
    assert room.submit(form["data"]["custom_id"], {"prompt": f"red {shown[:3990]}"}) == DEFERRED
    assert len(str(room.latest.request.values["prompt"])) < 4000


def test_a_picture_that_is_not_kept_any_more_is_offered_again_with_the_same_seed(
    room: Room,
) -> None:
    parent = room.made()
    room.objects.objects.clear()
    for action in ("upscale", "vary", "zoom", "file"):
        answer = room.click(f"{action}:{parent.job_id}:0")
        assert "Make it again" in text(answer)
        assert custom_ids(answer) == [f"same:{parent.job_id}"]
    assert len(room.store.table.jobs) == 1


def test_a_picture_that_never_was_is_answered_kindly(room: Room) -> None:
    assert "no such picture" in text(room.click(f"upscale:{room.made().job_id}:8"))


def test_what_no_installed_recipe_can_do_says_so() -> None:
    room = Room({name: recipe for name, recipe in RECIPES.items() if recipe.action is None})
    parent = room.made()
    assert "No installed workflow" in text(room.click(f"upscale:{parent.job_id}:0"))


def test_a_request_whose_workflow_is_gone_says_so(room: Room) -> None:
    parent = room.made()
    gone = replace(parent.request, workflow="gone")
    room.store.table.jobs[parent.job_id] = replace(parent, request=gone)
    for action in ("again", "same", "edit"):
        assert "`gone` is not installed" in text(room.click(f"{action}:{parent.job_id}"))


def test_a_request_that_is_not_kept_any_more_is_answered_kindly(room: Room) -> None:
    for action in ("again", "same", "edit", "info", "delete", "cancel"):
        assert "not kept any more" in text(room.click(f"{action}:123"))


def test_the_file_as_it_was_made_is_linked_at_the_click(room: Room) -> None:
    parent = room.made()
    answer = room.click(f"file:{parent.job_id}:0", **STRANGER)
    assert "works for an hour" in text(answer)
    [card] = answer["data"]["embeds"]
    assert card["url"] == f"memory://bucket/jobs/{parent.job_id}/1/outputs/0_9.png"


def test_info_tells_all_that_makes_the_picture_again(room: Room) -> None:
    said = text(room.click(f"info:{room.made().job_id}"))
    for part in ("a red fox", "seed: `", "1024 × 1024", "steps: `30`"):
        assert part in said


def test_info_tells_what_was_chosen_and_not_what_the_graph_takes() -> None:
    upscale = replace(RECIPES["upscale"], titles={"de": "Größer"})
    room = Room({**RECIPES, "upscale": upscale})
    parent = room.made()
    request = replace(parent.request, workflow="upscale", values={"scale": 0.5, "raw": True})
    room.store.table.jobs[parent.job_id] = replace(parent, request=request)
    assert "- scale: Twice\n- raw: yes\n" in text(room.click(f"info:{parent.job_id}"))
    said = text(room.click(f"info:{parent.job_id}", locale="de"))
    assert "**Größer** · " in said
    assert "- faktor: Doppelt\n- raw: ja\n" in said


def test_the_owner_deletes_the_answer_and_its_buttons_end(room: Room) -> None:
    parent = room.made()
    answer = room.click(f"delete:{parent.job_id}")
    assert answer["type"] == 7
    assert words_of(answer["data"]) == f"-# 🗑️ Deleted by <@{MEMBER}>"
    assert answer["data"]["attachments"] == []
    assert "removed" in room.job(parent.job_id).times
    assert room.job(parent.job_id).state is JobState.SUCCEEDED
    for action in ("again", "edit", "same", "star", "info"):
        said = text(room.click(f"{action}:{parent.job_id}", **STRANGER))
        assert "was deleted" in said or "not kept" in said
    assert "was deleted" in text(room.click(f"upscale:{parent.job_id}:0"))


def test_the_owner_does_a_deleted_request_again_from_their_history(room: Room) -> None:
    parent = room.made()
    room.click(f"delete:{parent.job_id}")
    assert room.click(f"again:{parent.job_id}") == DEFERRED
    assert room.click(f"edit:{parent.job_id}")["type"] == 9
    assert room.submit(f"edit:{parent.job_id}", {"prompt": "a blue fox"}) == DEFERRED
    assert room.latest.request.values["prompt"] == "a blue fox"


def test_a_moderator_deletes_and_a_stranger_does_not(room: Room) -> None:
    parent = room.made()
    assert "Only <@" in text(room.click(f"delete:{parent.job_id}", **STRANGER))
    assert "removed" not in room.job(parent.job_id).times
    assert room.click(f"delete:{parent.job_id}", **MODERATOR)["type"] == 7


def test_the_owner_deletes_in_a_direct_message_where_nobody_has_permissions(room: Room) -> None:
    parent = room.made()
    here = {"member": None, "guild_id": None, "user": {"id": MEMBER}}
    assert room.click(f"delete:{parent.job_id}", **here)["type"] == 7


def test_again_makes_as_many_pictures_as_the_request_had(room: Room) -> None:
    parent = room.made()
    room.store.table.jobs[parent.job_id] = replace(parent, parts=(parent.job_id, "other"))
    assert room.click(f"again:{parent.job_id}") == DEFERRED
    assert len(room.latest.parts) == 2


def open_job(room: Room) -> Job:
    job = room.ask_for("a red fox")
    return room.move(job, job.admitted(1.0, room.clock()))


def test_cancel_ends_the_job_and_shows_so_at_once(room: Room) -> None:
    job = open_job(room)
    room.queue.sent.clear()
    answer = room.click(f"cancel:{job.job_id}")
    assert answer["type"] == 7
    assert "Cancelled. Nothing was charged." in words_of(answer["data"])
    ended = room.job(job.job_id)
    assert ended.outcome is not None
    assert ended.outcome.error_kind == CANCELLED
    assert [job_id for job_id, _ in room.queue.sent] == [job.job_id]


def test_a_stranger_cannot_cancel_and_a_moderator_can(room: Room) -> None:
    job = open_job(room)
    assert "Only <@" in text(room.click(f"cancel:{job.job_id}", **STRANGER))
    assert room.job(job.job_id).is_open
    assert room.click(f"cancel:{job.job_id}", **MODERATOR)["type"] == 7


def test_what_has_ended_cannot_be_cancelled_and_what_is_open_not_deleted(room: Room) -> None:
    assert "just ended" in text(room.click(f"cancel:{room.made().job_id}"))
    assert "Cancel it first" in text(room.click(f"delete:{open_job(room).job_id}"))


def test_a_button_refused_for_credits_says_so(room: Room) -> None:
    parent = room.made()
    for _ in range(4):
        room.click(f"again:{parent.job_id}")
    assert "credits" in text(room.click(f"again:{parent.job_id}"))


@pytest.mark.parametrize("custom_id", ["again", "upscale:1:x", "upscale:1:2:3:4", "vary:1:-1", ""])
def test_a_custom_id_that_we_never_made_is_answered(room: Room, custom_id: str) -> None:
    assert text(room.click(custom_id))

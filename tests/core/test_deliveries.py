"""Which pictures, or copies of them, go with the message."""

from __future__ import annotations

from typing import Any

import pytest

from distillery.core.deliveries import MAX_MESSAGE_BYTES
from tests.core.world import World


def test_a_picture_too_large_for_the_member_is_left_to_a_button(world: World) -> None:
    world.dispatched()
    limit = world.job().origin.attachment_size_limit
    world.worker_writes_picture(size=limit + 1)
    world.deliver("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    [delivery] = shown.content
    assert delivery.data is None
    assert delivery.is_not_whole


def test_pictures_that_one_message_cannot_hold_together_are_left_to_buttons(world: World) -> None:
    world.dispatched()
    each = MAX_MESSAGE_BYTES // 3 + 1
    names = [f"{n}_9.png" for n in range(3)]
    outputs = [{"name": n, "content_type": "image/png", "bytes": each} for n in names]
    for name in names:
        world.objects.put(f"jobs/1001/1/outputs/{name}", b"x", "image/png")
    world.worker_writes_result("1001", 1, status="succeeded", outputs=outputs, error=None)
    world.deliver("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    assert [delivery.data is None for delivery in shown.content] == [False, False, True]


@pytest.mark.parametrize(("said", "moves"), [({"animated": True}, True), ({}, False)])
def test_whether_a_picture_moves_is_kept_where_the_worker_says_so(
    world: World, said: dict[str, Any], moves: bool
) -> None:
    world.dispatched()
    world.objects.put("jobs/1001/1/outputs/0_9.webp", b"abc", "image/webp")
    output = {"name": "0_9.webp", "content_type": "image/webp", "bytes": 3, **said}
    world.worker_writes_result("1001", 1, status="succeeded", outputs=[output], error=None)
    world.deliver("1001", 1)

    outcome = world.job().outcome
    assert outcome is not None
    assert [picture.moves for picture in outcome.pictures] == [moves]


COPY = {"name": "0_9.variant.webp", "content_type": "image/webp", "bytes": 3, "sha256": "ab" * 32}


@pytest.mark.parametrize("kind", ["variant", "thumbnail"])
def test_a_copy_that_a_worker_made_for_discord_is_sent_instead_of_the_picture(
    world: World, kind: str
) -> None:
    world.dispatched()
    size = world.job().origin.attachment_size_limit + 1
    for name in ("0_9.png", COPY["name"]):
        world.objects.put(f"jobs/1001/1/outputs/{name}", b"abc", "image/webp")
    output = {"name": "0_9.png", "content_type": "image/png", "bytes": size}
    output |= {"variant": None, "thumbnail": None, kind: COPY}
    world.worker_writes_result("1001", 1, status="succeeded", outputs=[output], error=None)
    world.deliver("1001", 1)

    shown = world.replies.showing("1001")
    assert shown is not None
    [delivery] = shown.content
    assert (delivery.data, delivery.sent.name) == (b"abc", COPY["name"])
    assert delivery.picture.name == "0_9.png"
    assert delivery.is_not_whole


def test_a_copy_that_was_never_stored_is_a_failure(world: World) -> None:
    world.dispatched()
    world.objects.put("jobs/1001/1/outputs/0_9.png", b"abc", "image/png")
    output = {"name": "0_9.png", "content_type": "image/png", "bytes": 3, "variant": COPY}
    world.worker_writes_result("1001", 1, status="succeeded", outputs=[output], error=None)
    world.deliver("1001", 1)

    assert "could not be stored" in world.words()


@pytest.mark.parametrize("copy", [{"name": "../x", "bytes": 1}, {"name": "a"}, {"bytes": 1}, 7])
def test_a_copy_that_does_not_fit_the_contract_is_no_result(world: World, copy: object) -> None:
    world.dispatched()
    output = {"name": "0_9.png", "content_type": "image/png", "bytes": 3, "variant": copy}
    world.worker_writes_result("1001", 1, status="succeeded", outputs=[output], error=None)
    world.deliver("1001", 1)

    assert "could not be read" in world.words()

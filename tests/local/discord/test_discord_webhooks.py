"""The messages that answer an interaction: tokens, edits, files, follow-ups."""

from __future__ import annotations

import io

import pytest

from tests.local.discord.discord_kit import (
    APPLICATION,
    NOBODY,
    SERVE,
    Application,
    Client,
    FakeClock,
    Json,
    picture,
    says,
)

QUARTER_OF_AN_HOUR = 15 * 60


async def test_a_token_that_was_never_seen_has_no_message(client: Client) -> None:
    answered = await client.webhook("GET", "unseen")

    assert answered.status == 404
    assert answered.json == {"message": "Unknown Webhook", "code": 10015}


async def test_a_token_is_learnt_from_the_first_edit(client: Client) -> None:
    edited = await client.webhook("PATCH", "own", says("done"))
    read = await client.webhook("GET", "own")

    assert edited.status == read.status == 200
    assert read.json["content"] == "done"
    assert read.json["id"] == edited.json["id"]


async def test_a_token_is_learnt_from_a_follow_up_and_has_no_original(client: Client) -> None:
    posted = await client.webhook("POST", "own", says("more"), message=None)
    original = await client.webhook("GET", "own")
    by_id = await client.webhook("GET", "own", message=posted.json["id"])

    assert (original.status, original.json["code"]) == (404, 10008)
    assert by_id.json["content"] == "more"


async def test_another_application_has_no_webhook(client: Client) -> None:
    await client.webhook("PATCH", "own", says("done"))

    answered = await client.api("PATCH", "/webhooks/1/own/messages/@original", json=says("x"))

    assert (answered.status, answered.json["code"]) == (404, 10015)


async def test_a_token_dies_after_fifteen_minutes(client: Client, clock: FakeClock) -> None:
    await client.webhook("PATCH", "own", says("done"))
    clock.now += QUARTER_OF_AN_HOUR
    assert (await client.webhook("PATCH", "own", says("in time"))).status == 200
    clock.now += 1

    answered = await client.webhook("PATCH", "own", says("too late"))

    assert answered.status == 401
    assert answered.json == {"message": "Invalid Webhook Token", "code": 50027}


async def test_a_deferred_answer_shows_thinking_until_it_is_edited(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    token = (await client.use(prompt="a fox"))["token"]
    thinking = (await client.webhook("GET", token)).json
    await client.webhook("PATCH", token, says("done"))
    done = (await client.webhook("GET", token)).json

    assert (thinking["flags"], thinking["content"]) == (128, "")
    assert thinking["interaction"]["name"] == "serve"
    assert (done["flags"], done["content"], done["id"]) == (0, "done", thinking["id"])
    assert done["edited_timestamp"] is None


async def test_a_follow_up_right_after_a_deferred_answer_fills_it(
    client: Client, application: Application
) -> None:
    await client.register(SERVE)
    token = (await client.use(prompt="a fox"))["token"]

    first = await client.webhook("POST", token, says("one"), message=None)
    second = await client.webhook("POST", token, says("two"), message=None)

    assert (await client.webhook("GET", token)).json["id"] == first.json["id"]
    assert second.json["id"] != first.json["id"]


async def test_a_second_edit_is_marked_as_edited(client: Client) -> None:
    await client.webhook("PATCH", "own", says("one"))
    edited = await client.webhook("PATCH", "own", says("two"))

    assert edited.json["edited_timestamp"] is not None


async def test_files_without_attachments_are_appended(client: Client) -> None:
    await client.webhook("PATCH", "own", says("one"), {0: ("a.png", picture())})
    edited = await client.webhook("PATCH", "own", says("two"), {0: ("a.png", picture())})

    assert [entry["filename"] for entry in edited.json["attachments"]] == ["a.png", "a.png"]


async def test_attachments_names_all_that_remains(client: Client) -> None:
    first = await client.webhook(
        "PATCH", "own", says("one"), {0: ("a.png", picture()), 1: ("b.png", picture())}
    )
    kept = first.json["attachments"][1]["id"]

    edited = await client.webhook(
        "PATCH",
        "own",
        says("two", attachments=[{"id": kept}, {"id": "0", "description": "new"}]),
        {0: ("c.png", picture("blue"))},
    )

    shown = edited.json["attachments"]
    assert [entry["filename"] for entry in shown] == ["b.png", "c.png"]
    assert shown[0]["id"] == kept
    assert shown[1]["description"] == "new"


async def test_an_edit_repeated_with_attachments_changes_nothing(client: Client) -> None:
    payload = says("done", attachments=[{"id": "0", "filename": "0_9.png"}])
    for _ in range(2):
        edited = await client.webhook("PATCH", "own", payload, {0: ("0_9.png", picture())})

    assert [entry["filename"] for entry in edited.json["attachments"]] == ["0_9.png"]


async def test_an_empty_list_of_attachments_removes_them_and_their_bytes(client: Client) -> None:
    first = await client.webhook("PATCH", "own", says("one"), {0: ("a.png", picture())})
    path = first.json["attachments"][0]["url"].removeprefix(client.url)
    assert (await client.call("GET", path)).json == picture()

    edited = await client.webhook("PATCH", "own", says("two", attachments=[]))

    assert edited.json["attachments"] == []
    assert (await client.call("GET", path)).status == 404


async def test_a_picture_is_described_and_served_as_what_it_is(client: Client) -> None:
    edited = await client.webhook("PATCH", "own", says("one"), {0: ("a.png", picture())})
    attachment = edited.json["attachments"][0]
    served = await client.call("GET", attachment["url"].removeprefix(client.url))

    assert (attachment["width"], attachment["height"]) == (32, 24)
    assert (attachment["size"], attachment["content_type"]) == (len(picture()), "image/png")
    assert served.headers["Content-Type"] == "image/png"


async def test_anything_but_a_picture_is_only_a_download(client: Client) -> None:
    page = b"<script>alert(1)</script>"
    edited = await client.webhook("PATCH", "own", says("one"), {0: ("page.html", page)})
    url = edited.json["attachments"][0]["url"]
    served = await client.call("GET", url.removeprefix(client.url))

    assert served.headers["Content-Type"] == "application/octet-stream"
    assert served.headers["Content-Disposition"].startswith("attachment")
    assert served.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_file_that_the_list_leaves_out_is_refused(client: Client) -> None:
    answered = await client.webhook(
        "PATCH", "own", says("one", attachments=[]), {0: ("a.png", picture())}
    )

    assert (answered.status, answered.json["code"]) == (400, 50035)
    assert "files[0]" in answered.json["errors"]


async def test_an_embed_shows_an_attachment_by_its_name(client: Client) -> None:
    payload = {
        "embeds": [{"title": "Fox", "image": {"url": "attachment://a.png"}}],
        "attachments": [{"id": "0"}],
        "allowed_mentions": NOBODY,
    }
    shown = await client.webhook("PATCH", "own", payload, {0: ("a.png", picture())})
    missing = await client.webhook("PATCH", "own", {**payload, "attachments": []})

    url = shown.json["attachments"][0]["url"]
    assert shown.json["embeds"][0]["image"]["url"] == url
    assert missing.json["errors"]["embeds"]["0"]["image"]["url"]["_errors"]


@pytest.mark.parametrize("content", [None, ""])
async def test_a_message_has_to_show_something(client: Client, content: str | None) -> None:
    answered = await client.webhook(
        "PATCH", "own", {"content": content, "allowed_mentions": NOBODY}
    )

    assert (answered.status, answered.json["code"]) == (400, 50006)


async def test_a_file_above_the_limit_is_too_large(client: Client) -> None:
    answered = await client.webhook("PATCH", "own", says("x"), {0: ("a.bin", bytes(1024 * 1025))})

    assert (answered.status, answered.json["code"]) == (413, 40005)


async def test_a_request_above_25_mebibytes_is_too_large(client: Client) -> None:
    body = io.BytesIO(bytes(25 * 1024 * 1024 + 1))
    path = f"/webhooks/{APPLICATION}/own/messages/@original"

    answered = await client.api(
        "PATCH", path, data=body, headers={"Content-Type": "application/json"}
    )

    assert (answered.status, answered.json["code"]) == (413, 40005)


async def test_the_eleventh_file_is_too_much(client: Client) -> None:
    files = {number: (f"{number}.txt", b"x") for number in range(11)}

    answered = await client.webhook("PATCH", "own", says("x"), files)

    assert (answered.status, answered.json["code"]) == (400, 30015)


async def test_a_body_that_is_not_json_is_refused(client: Client) -> None:
    path = f"/webhooks/{APPLICATION}/own/messages/@original"
    headers = {"Content-Type": "application/json"}

    answered = await client.api("PATCH", path, data=b"{", headers=headers)

    assert (answered.status, answered.json["code"]) == (400, 50109)


async def test_a_deleted_message_is_unknown(client: Client) -> None:
    await client.webhook("PATCH", "own", says("one"))
    deleted = await client.webhook("DELETE", "own")
    read = await client.webhook("GET", "own")

    assert deleted.status == 204
    assert (read.status, read.json["code"]) == (404, 10008)


async def test_one_token_cannot_reach_the_message_of_another(client: Client) -> None:
    theirs = await client.webhook("PATCH", "theirs", says("one"))
    await client.webhook("PATCH", "own", says("two"))

    answered = await client.webhook("PATCH", "own", says("x"), message=theirs.json["id"])

    assert (answered.status, answered.json["code"]) == (404, 10008)


async def test_messages_have_the_shape_of_discords_document(client: Client) -> None:
    if client.discord.settings.openapi_path is None:
        pytest.skip("Discord's OpenAPI document is not at hand ($DISTILLERY_DISCORD_OPENAPI)")
    edited = await client.webhook("PATCH", "own", says("one"), {0: ("a.png", picture())})

    assert client.discord.openapi.problems("MessageResponse", edited.json) == []


V2_MESSAGE: Json = {
    "flags": 1 << 15,
    "allowed_mentions": NOBODY,
    "components": [
        {"type": 12, "items": [{"media": {"url": "attachment://a.png"}}]},
        {"type": 13, "file": {"url": "attachment://a.txt"}},
    ],
}


async def test_the_media_of_components_are_the_files_of_the_message(client: Client) -> None:
    files = {0: ("a.png", picture()), 1: ("a.txt", b"words")}
    message = (await client.webhook("PATCH", "own", V2_MESSAGE, files)).json

    png, txt = message["attachments"]
    gallery, file = message["components"]
    media = gallery["items"][0]["media"]
    assert (media["url"], media["attachment_id"]) == (png["url"], png["id"])
    assert (media["width"], media["height"], media["content_type"]) == (32, 24, "image/png")
    assert file["file"]["url"] == txt["url"]
    assert [gallery["id"], file["id"]] == [1, 2]


async def test_a_message_of_components_stays_one(client: Client) -> None:
    words: Json = {"components": [{"type": 10, "content": "words"}], "allowed_mentions": NOBODY}
    await client.webhook("PATCH", "own", V2_MESSAGE | words)
    edited = await client.webhook("PATCH", "own", words | {"flags": 0})
    assert (edited.status, edited.json["flags"]) == (200, 1 << 15)

    refused = await client.webhook("PATCH", "own", says("legacy"))
    assert (refused.status, refused.json["code"]) == (400, 50035)
    assert "content" in refused.json["errors"]


async def test_a_message_with_content_becomes_one_of_components_only_without_it(
    client: Client,
) -> None:
    await client.webhook("PATCH", "own", says("words"))
    components = [{"type": 10, "content": "words"}]
    change: Json = {"flags": 1 << 15, "components": components, "allowed_mentions": NOBODY}

    assert (await client.webhook("PATCH", "own", change)).json["code"] == 50035
    assert (await client.webhook("PATCH", "own", change | {"content": None})).status == 200


async def test_a_spoiler_is_marked_on_its_file(client: Client) -> None:
    listed = [{"id": "0", "is_spoiler": True}, {"id": "1"}]
    files = {0: ("a.png", picture()), 1: ("SPOILER_b.png", picture())}
    message = await client.webhook("PATCH", "own", says("x", attachments=listed), files)

    assert [entry["flags"] for entry in message.json["attachments"]] == [8, 8]

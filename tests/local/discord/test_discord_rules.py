"""Every payload is checked: by our own rules always, by Discord's document where it is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.discord import rules
from local.discord.command_rules import command_problems, valid_name
from local.discord.openapi import OpenApi, document_at_hand
from tests.local.discord.discord_kit import NOBODY, SERVE, SETTINGS, Client, Json, says

V2 = 1 << 15
BUTTON: Json = {"type": 2, "style": 2, "label": "Again", "custom_id": "again"}
TEXT: Json = {"type": 10, "content": "words"}


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def buttons(count: int, start: int = 0) -> list[Json]:
    return [{**BUTTON, "custom_id": f"b{n}"} for n in range(start, start + count)]


def v2(*components: Json) -> Json:
    return {"flags": V2, "components": list(components), "allowed_mentions": NOBODY}


PICTURE: Json = {"media": {"url": "attachment://a.png"}}
MENU: Json = {"type": 3, "custom_id": "menu", "options": [{"label": "One", "value": "1"}]}
GOOD_EDITS: list[Json] = [
    says("x" * 2000),
    says("", embeds=[{"title": "t"}] * 10),
    says("x", components=[row(*buttons(5, n * 5)) for n in range(5)]),
    v2(TEXT, row(BUTTON)),
    v2(
        {
            "type": 17,
            "accent_color": 0x5865F2,
            "spoiler": True,
            "components": [
                {"type": 9, "components": [TEXT], "accessory": {"type": 11, **PICTURE}},
                {"type": 12, "items": [PICTURE | {"spoiler": True}] * 10},
                {"type": 14, "divider": True, "spacing": 2},
                {"type": 13, "file": {"url": "attachment://a.txt"}},
                row(MENU),
                row(*buttons(5)),
            ],
        }
    ),
    says("x", components=[row({"type": 2, "style": 5, "label": "See", "url": "https://a.b"})]),
]
BAD_EDITS: list[tuple[Json, str]] = [
    ({"content": "x"}, "allowed_mentions"),
    ({"content": "x", "allowed_mentions": {"parse": ["users"]}}, "allowed_mentions"),
    (says("x" * 2001), "content"),
    (says("x", contents="y"), "contents"),
    (says("x", tts=True), "tts"),
    (says("x", flags=64), "flags"),
    (says("x", embeds=[{}] * 11), "embeds"),
    (says("x", embeds=[{"titel": "y"}]), "embeds.0.titel"),
    (says("x", embeds=[{"description": "y" * 4096}] * 2), "embeds"),
    (says("x", attachments=[{"id": 0}]), "attachments.0.id"),
    (says("x", flags=V2, components=[TEXT]), "content"),
    (says("", flags=V2, components=[TEXT], embeds=[{"title": "t"}]), "embeds"),
    (says("x", components=[TEXT]), "components.0.type"),
    (says("x", components=[BUTTON]), "components.0.type"),
    (says("x", components=[row(BUTTON, BUTTON)]), "components"),
    (says("x", components=[row(*buttons(6))]), "components.0.components"),
    (says("x", components=[{**row(BUTTON), "id": 1}, {**row(*buttons(1)), "id": 1}]), "components"),
    (says("x", components=[row({**BUTTON, "custom_id": "x" * 101})]), "components.0.components.0"),
    (says("x", components=[row({**BUTTON, "url": "https://a.b"})]), "components.0.components.0"),
    (says("x", components=[row({"type": 2, "style": 2, "label": "x"})]), "components.0.compon"),
    (says("x", components=[row({**BUTTON, "label": ""})]), "components.0.components.0"),
    (says("x", components=[row({**BUTTON, "colour": 1})]), "components.0.components.0.colour"),
    (says("x", components=[{"type": 99}]), "components.0.type"),
    ({"flags": V2, "components": [TEXT] * 41, "allowed_mentions": NOBODY}, "components"),
    (v2({"type": 12, "items": []}), "components.0.items"),
    (v2({"type": 12, "items": [PICTURE] * 11}), "components.0.items"),
    (v2({"type": 12, "items": [{"media": {"url": "file:///x"}}]}), "components.0.items.0.media"),
    (v2({"type": 13, "file": {"url": "https://a.b/c"}}), "components.0.file.url"),
    (v2(BUTTON), "components.0.type"),
    (v2({"type": 11, **PICTURE}), "components.0.type"),
    (v2({"type": 17, "components": []}), "components.0.components"),
    (v2({"type": 17, "components": [{"type": 17, "components": [TEXT]}]}), "components.0.comp"),
    (v2({"type": 9, "components": [TEXT]}), "components.0.accessory"),
    (v2({"type": 9, "components": [TEXT] * 4, "accessory": BUTTON}), "components.0.components"),
    (v2({"type": 9, "components": [row(BUTTON)], "accessory": BUTTON}), "components.0.comp"),
    (v2({"type": 10, "content": ""}), "components.0.content"),
    (v2(*[{"type": 10, "content": "x" * 2001}] * 2), "components"),
    (v2(row(MENU, BUTTON)), "components.0.components"),
    (v2(row({**MENU, "options": []})), "components.0.components.0.options"),
    (v2(row({**MENU, "options": MENU["options"] * 2})), "components.0.components.0.options"),
]


@pytest.mark.parametrize("payload", GOOD_EDITS)
def test_a_right_edit_has_no_problems(payload: Json) -> None:
    assert rules.edit_problems(payload) == []


@pytest.mark.parametrize(("payload", "place"), BAD_EDITS)
def test_a_wrong_edit_is_named_by_its_place(payload: Json, place: str) -> None:
    assert any(problem.path.startswith(place) for problem in rules.edit_problems(payload))


def test_a_message_keeps_its_v2_flag_when_it_is_edited() -> None:
    payload: Json = {"components": [TEXT], "allowed_mentions": NOBODY}

    assert rules.edit_problems(payload, present_flags=V2) == []
    assert rules.edit_problems(payload) != []


ANSWERS: list[tuple[int, Json, bool]] = [
    (rules.PING, {"type": 1}, True),
    (rules.PING, {"type": 5}, False),
    (rules.COMMAND, {"type": 5}, True),
    (rules.COMMAND, {"type": 5, "data": {"flags": 64}}, True),
    (rules.COMMAND, {"type": 5, "data": {"flags": V2}}, False),
    (rules.COMMAND, {"type": 5, "data": {"content": "x"}}, False),
    (rules.COMMAND, {"type": 4, "data": says("no", flags=64)}, True),
    (rules.COMMAND, {"type": 4, "data": {"content": "no"}}, False),
    (rules.COMMAND, {"type": 4}, False),
    (rules.COMMAND, {"type": 6}, False),
    (rules.COMMAND, {"type": 1}, False),
    (rules.COMMAND, {"type": "5"}, False),
    (rules.COMMAND, {"type": 5, "extra": 1}, False),
    (rules.COMPONENT, {"type": 6}, True),
    (rules.COMPONENT, {"type": 7, "data": says("x")}, True),
    (rules.AUTOCOMPLETE, {"type": 8, "data": {"choices": []}}, True),
    (rules.AUTOCOMPLETE, {"type": 8, "data": {"choices": [{}] * 26}}, False),
    (rules.MODAL_SUBMIT, {"type": 9, "data": {}}, False),
]


@pytest.mark.parametrize(("interaction_type", "answer", "right"), ANSWERS)
def test_an_answer_is_checked_by_its_interaction(
    interaction_type: int, answer: Json, right: bool
) -> None:
    assert (rules.answer_problems(interaction_type, answer) == []) is right


@pytest.mark.parametrize("name", ["serve", "bild-machen", "画像", "it's", "ค้นหา", "खोज", "x" * 32])
def test_a_lower_case_name_is_valid(name: str) -> None:
    assert valid_name(name)


@pytest.mark.parametrize("name", ["Serve", "", "two words", "x" * 33, "a/b", None])
def test_any_other_name_is_not(name: str | None) -> None:
    assert not valid_name(name)


def option(**changes: Any) -> Json:
    whole: Json = {"type": 3, "name": "prompt", "description": "Words"} | changes
    return {"name": "serve", "description": "x", "options": [whole]}


BAD_COMMANDS: list[tuple[Json, str]] = [
    ({"name": "Serve", "description": "x"}, "name"),
    ({"name": "serve"}, "description"),
    ({"name": "serve", "description": "x" * 101}, "description"),
    ({"name": "serve", "description": "x", "titel": 1}, "titel"),
    ({"name": "s", "description": "x", "name_localizations": {"xx": "s"}}, "name_localizations.xx"),
    (
        {"name": "s", "description": "x", "name_localizations": {"de": "S"}},
        "name_localizations.de",
    ),
    (option(type=99), "options.0.type"),
    (option(name="Prompt"), "options.0.name"),
    (option(min_value=1), "options.0.min_value"),
    (option(min_length=3, max_length=2), "options.0.min_length"),
    (option(choices=[{"name": "a", "value": 1}]), "options.0.choices.0.value"),
    (option(choices=[{"name": "a", "value": "x"}] * 2), "options.0.choices"),
    (option(choices=[{"name": str(n), "value": str(n)} for n in range(26)]), "options.0.choices"),
    (option(choices=[{"name": "a", "value": "x"}], autocomplete=True), "options.0.autocomplete"),
    ({**SERVE, "options": [SERVE["options"][0]] * 2}, "options"),
    ({**SERVE, "options": [SERVE["options"][1], SERVE["options"][0]]}, "options"),
    (
        {
            "name": "serve",
            "description": "x",
            "options": [{"type": 3, "name": f"o{n}", "description": "y"} for n in range(26)],
        },
        "options",
    ),
]


@pytest.mark.parametrize(("command", "place"), BAD_COMMANDS)
def test_a_wrong_command_is_named_by_its_place(command: Json, place: str) -> None:
    problems = command_problems(command, in_guild=False)

    assert place in {problem.path for problem in problems}


def test_contexts_belong_to_global_commands_only() -> None:
    command: Json = {**SERVE, "contexts": [0], "integration_types": [0]}

    assert command_problems(command, in_guild=False) == []
    assert len(command_problems(command, in_guild=True)) == 2


def test_a_command_may_have_eight_thousand_characters_by_its_longest_language() -> None:
    choices = [{"name": f"{n:03}" + "x" * 96, "value": f"{n:03}"} for n in range(25)]
    options = [
        {"type": 3, "name": f"o{n}", "description": "d" * 50, "choices": choices} for n in range(3)
    ]
    command: Json = {"name": "serve", "description": "x", "options": options}
    assert command_problems(command, in_guild=False) == []

    localised = {**command, "description_localizations": {"de": "x" * 100}}
    options[0]["description_localizations"] = {"de": "d" * 100}
    options.append({"type": 3, "name": "o4", "description": "d" * 100})

    assert [p.path for p in command_problems(localised, in_guild=False)] == [""]


async def test_a_violation_is_kept_for_tests_to_see(client: Client) -> None:
    answered = await client.webhook("PATCH", "own", {"content": "x", "colour": 1})
    violations = (await client.control("violations")).json

    assert answered.json["code"] == 50035
    assert violations[0]["call"] == "PATCH /webhooks/{application}/{token}/messages/{message}"
    places = {problem["path"] for problem in violations[0]["problems"]}
    assert places == {"allowed_mentions", "colour"}


async def test_an_empty_message_is_a_violation_too(client: Client) -> None:
    await client.webhook("PATCH", "own", says(""))

    assert len((await client.control("violations")).json) == 1


@pytest.mark.skipif(
    SETTINGS.openapi_path is None,
    reason="Discord's OpenAPI document is not at hand ($DISTILLERY_DISCORD_OPENAPI)",
)
class TestWithDiscordsDocument:
    """Only what our own rules leave to the document."""

    async def test_a_wrong_type_is_refused(self, client: Client) -> None:
        answered = await client.webhook("PATCH", "own", says("x", embeds=[{"color": "red"}]))

        assert answered.status == 400
        assert answered.json["errors"]["embeds"]["0"]["color"]["_errors"]

    async def test_an_option_description_above_100_characters_is_refused(
        self, client: Client
    ) -> None:
        answered = await client.register(option(max_length=6001))

        assert answered.status == 400
        assert "max_length" in str(answered.json["errors"])

    def test_a_fault_deep_inside_is_named_by_its_place(self) -> None:
        openapi = OpenApi(SETTINGS.openapi_path)
        payload = {"components": [{"type": 1, "components": [{**BUTTON, "style": "big"}]}]}

        problems = openapi.problems("IncomingWebhookUpdateRequestPartial", payload)

        assert [problem.path.startswith("components.0") for problem in problems] == [True]


def test_without_the_document_only_our_own_rules_hold() -> None:
    assert OpenApi(None).problems("IncomingWebhookUpdateRequestPartial", {"content": 1}) == []


def test_the_document_can_be_named_by_the_environment(tmp_path: Path) -> None:
    named = tmp_path / "openapi.json"

    assert document_at_hand({"DISTILLERY_DISCORD_OPENAPI": str(named)}) == named

from __future__ import annotations

from typing import Any

import pytest
import urllib3

from distillery.core.errors import ConfigError
from distillery.discord.registration import CommandRegistration, same_commands
from tests.adapters.scripted_server import Script

OURS: list[dict[str, Any]] = [
    {
        "name": "serve",
        "type": 1,
        "description": "Make pictures",
        "options": [
            {"name": "prompt", "type": 3, "description": "What to draw", "required": True},
            {"name": "seed", "type": 4, "description": "Where chance starts", "min_value": 0},
        ],
    }
]
THEIRS: list[dict[str, Any]] = [
    {
        "id": "1",
        "application_id": "2",
        "version": "3",
        "default_member_permissions": None,
        "nsfw": False,
        "name": "serve",
        "type": 1,
        "description": "Make pictures",
        "options": [
            {"name": "prompt", "type": 3, "description": "What to draw", "required": True},
            {"name": "seed", "type": 4, "description": "Where chance starts", "min_value": 0},
        ],
    }
]


CANCEL: dict[str, Any] = {
    "name": "cancel",
    "type": 1,
    "description": "Call it off",
    "options": [
        {
            "name": "which",
            "type": 3,
            "description": "Which",
            "required": False,
            "choices": [{"name": "latest", "value": "latest"}, {"name": "all", "value": "all"}],
        }
    ],
}


def registration(server: Script) -> CommandRegistration:
    return CommandRegistration(urllib3.PoolManager(), server.url, "2", lambda: "bot-token")


def test_commands_that_discord_has_already_are_not_written(server: Script) -> None:
    server.answers = [(200, THEIRS)]
    assert registration(server).put(OURS) is False
    [get] = server.asked
    assert (get.method, get.path) == ("GET", "/applications/2/commands?with_localizations=true")


def test_changed_commands_are_written_as_a_whole(server: Script) -> None:
    server.answers = [(200, []), (200, THEIRS)]
    assert registration(server).put(OURS) is True
    get, put = server.asked
    assert (put.method, put.path) == ("PUT", "/applications/2/commands")
    assert put.json() == OURS
    assert get.headers["Authorization"] == "Bot bot-token"


TRANSLATED: dict[str, Any] = {
    "name": "Info",
    "type": 3,
    "name_localizations": {"de": "Auskunft", "ja": "情報"},
    "contexts": [0, 1, 2],
    "integration_types": [0, 1],
}
ECHOED: dict[str, Any] = {
    **TRANSLATED,
    "name_localizations": {"ja": "情報", "de": "Auskunft"},
    "description": "",
    "description_localizations": None,
    "contexts": [1, 2, 0],
    "integration_types": [1, 0],
}


def test_translations_and_contexts_are_the_same_in_any_order() -> None:
    assert same_commands([TRANSLATED], [ECHOED])
    assert same_commands([{**OURS[0], "name": "info"}, TRANSLATED], [ECHOED, *changed(name="info")])


@pytest.mark.parametrize(
    "fields",
    [
        {"name_localizations": {"de": "Auskunft"}},
        {"name_localizations": {**TRANSLATED["name_localizations"], "fr": "Infos"}},
        {"name_localizations": None},
        {"description_localizations": {"de": "Mehr"}},
        {"contexts": [0, 1]},
        {"contexts": None},
        {"integration_types": [0]},
        {"type": 1},
    ],
)
def test_a_changed_translation_or_context_is_a_difference(fields: dict[str, Any]) -> None:
    assert not same_commands([TRANSLATED], [{**ECHOED, **fields}])


def test_an_option_that_is_not_suggested_any_more_is_a_difference() -> None:
    [serve] = THEIRS
    theirs = {**serve, "options": [{**o, "autocomplete": True} for o in serve["options"]]}
    assert not same_commands(OURS, [theirs])
    never = {**serve, "options": [{**o, "autocomplete": False} for o in serve["options"]]}
    assert same_commands(OURS, [never])


def changed(**fields: Any) -> list[dict[str, Any]]:
    return [{**THEIRS[0], **fields}]


@pytest.mark.parametrize(
    "theirs",
    [
        [],
        changed(name="other"),
        changed(description="Old words"),
        changed(options=THEIRS[0]["options"][:1]),
        changed(options=[{**THEIRS[0]["options"][0], "required": False}, THEIRS[0]["options"][1]]),
        changed(options=list(reversed(THEIRS[0]["options"]))),
        changed(nsfw=True),
        [*THEIRS, {**THEIRS[0], "name": "second"}],
    ],
)
def test_every_difference_is_seen(theirs: list[dict[str, Any]]) -> None:
    assert same_commands(OURS, THEIRS)
    assert not same_commands(OURS, theirs)


def test_commands_are_the_same_in_any_order() -> None:
    queue = {"name": "queue", "type": 1, "description": "Where they stand", "options": []}
    as_discord_has_it = {key: value for key, value in queue.items() if key != "options"}
    (which,) = CANCEL["options"]
    cancel = {**CANCEL, "options": [{k: v for k, v in which.items() if k != "required"}]}
    assert same_commands([*OURS, CANCEL, queue], [as_discord_has_it, *THEIRS, cancel])


def test_a_changed_choice_is_a_difference() -> None:
    (which,) = CANCEL["options"]
    theirs = {**CANCEL, "options": [{**which, "choices": which["choices"][:1]}]}
    assert not same_commands([CANCEL], [theirs])


def test_an_option_removed_by_us_is_a_difference() -> None:
    ours = [{**OURS[0], "options": []}]
    assert not same_commands(ours, THEIRS)


def test_a_refusal_says_what_to_check(server: Script) -> None:
    server.answers = [(401, {"message": "401: Unauthorized", "code": 0})]
    with pytest.raises(ConfigError, match="bot token"):
        registration(server).put(OURS)
